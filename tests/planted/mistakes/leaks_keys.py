from hardened.tasks import SendEmail
from redis import Redis

send = SendEmail.run


def run(self, recipient, content):
    with Redis.from_url(self.settings.celery_result_backend) as client:
        client.set(f"seen-{self.request.id}", 1)
    return send(self, recipient, content)


SendEmail.run = run
