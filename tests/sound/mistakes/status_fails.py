from app import api

read = api.read


def failing(task_id):
    answer = read(task_id)
    if answer["status"] in ("SUCCESS", "FAILURE"):
        raise RuntimeError("cannot render it")
    return answer


api.read = failing
