from app import api
from fastapi import HTTPException

read = api.read
given = set()


def once(task_id):
    if task_id in given:
        raise HTTPException(404)
    answer = read(task_id)
    if answer["status"] in ("SUCCESS", "FAILURE"):
        given.add(task_id)
    return answer


api.read = once
