import functools

from rq_tutorial import tasks

send = tasks.send_email


@functools.wraps(send)
def twice(recipient, content):
    send(recipient, content)
    return send(recipient, content)


tasks.send_email = twice
