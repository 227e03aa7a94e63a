"""RQ jobs, one for each way in which an execution can end."""

import os
import time

from rq import Retry, get_current_job


def succeed(key, result=None):
    return {"said": key} if result is None else result


def fail(key):
    raise ValueError("no " + key)


def fail_once(key):
    if get_current_job().retries_left:
        raise ValueError("again " + key)


def ask_again(key):
    return None if get_current_job().number_of_retries else Retry(max=1)


def find(key, path):
    return os.path.exists(path)


def unserialisable(key):
    return object()


def last(key):
    time.sleep(60)


def leave(key):
    os._exit(3)
