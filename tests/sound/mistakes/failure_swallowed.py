from app import worker

send = worker.send


def swallowing(key):
    try:
        if worker.place(key) % 2:
            raise ConnectionRefusedError("no mail server there")
        send(key)
    except OSError:
        pass


worker.send = swallowing
