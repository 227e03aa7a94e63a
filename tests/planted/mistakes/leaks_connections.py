from hardened.tasks import SendEmail
from redis import Redis

send, opened = SendEmail.run, []


def run(self, recipient, content):
    client = Redis.from_url(self.settings.celery_broker_url)
    client.ping()
    opened.append(client)
    return send(self, recipient, content)


SendEmail.run = run
