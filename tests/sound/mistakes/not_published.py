import uuid

from app import api, worker

submit = api.submit


def forgetful(key, connection=None):
    return str(uuid.uuid4()) if worker.place(key) % 3 == 1 else submit(key, connection)


api.submit = forgetful
