from app import worker

send = worker.send


def twice(key):
    send(key)
    send(key)


worker.send = twice
