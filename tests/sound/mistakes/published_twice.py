from app import api

submit = api.submit


def twice(key, connection=None):
    submit(key, connection)
    return submit(key, connection)


api.submit = twice
