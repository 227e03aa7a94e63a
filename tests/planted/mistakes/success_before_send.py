import change
from hardened.tasks import SendEmail


def run(self, recipient, content):
    self.claim.succeed({"status": "sent", "recipient": recipient})
    return change.send(self, recipient, content)


SendEmail.run = run
