"""The tasks of this service."""

from __future__ import annotations

from hardened import mailer
from hardened.once import OnceTask

SEND_EMAIL = "hardened.send_email"
"""The API and the sweeper publish by this name and need none of the worker's code."""


class SendEmail(OnceTask):
    """Send one e-mail; returns what the caller sees as the result."""

    name = SEND_EMAIL

    def run(self, recipient: str, content: str) -> dict[str, str]:
        settings = self.settings
        message_id = f"<{self.claim.task_id}@{settings.mail_domain}>"
        message = mailer.compose(settings.mail_sender, recipient, content, message_id)
        mailer.send(
            message,
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_timeout_s,
            # Another delivery may take over when the lease ends, so what follows must fit in.
            fence=lambda: self.claim.before_sending(needs_s=settings.smtp_timeout_s),
        )
        return {"status": "sent", "recipient": recipient}
