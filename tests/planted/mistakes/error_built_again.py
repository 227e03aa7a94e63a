from hardened import mailer
from hardened.requests import TaskError, TaskStatus


def of(found):
    error = None
    if found.error is not None:
        # As a result backend does it: the class by its name, and the message as its only argument.
        built = getattr(mailer, found.error[0], Exception)(found.error[1])
        error = TaskError(type=type(built).__name__, message=str(built))
    return TaskStatus(task_id=found.task_id, status=found.state, result=found.result, error=error)


TaskStatus.of = of
