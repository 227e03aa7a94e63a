import itertools
import time

from app import api

read = api.read
number = itertools.count(1)


def slow_once(task_id):
    if next(number) == 12:
        time.sleep(15)
    return read(task_id)


api.read = slow_once
