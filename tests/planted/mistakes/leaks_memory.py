from hardened.tasks import SendEmail

send, kept = SendEmail.run, []


def run(self, recipient, content):
    kept.append(b"x" * 2 * 2**20)
    return send(self, recipient, content)


SendEmail.run = run
