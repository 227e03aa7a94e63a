from hardened.tasks import SendEmail

send, answer = SendEmail.run, {"status": "sent"}


def run(self, recipient, content):
    send(self, recipient, content)
    # One mapping for all tasks of a process, and the first of them has filled it.
    answer.setdefault("recipient", recipient)
    return answer


SendEmail.run = run
