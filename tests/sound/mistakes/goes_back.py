from app import api

read = api.read
given = set()


def back_again(task_id):
    answer = read(task_id)
    if task_id in given:
        return {"status": "PENDING", "result": None}
    if answer["status"] in ("SUCCESS", "FAILURE"):
        given.add(task_id)
    return answer


api.read = back_again
