"""The RQ specimen's job: a plain function, as RQ wants it. Do not repair it: what is wrong here is what the storms are to find."""

import os
import smtplib
from email.message import EmailMessage


def send_email(recipient: str, content: str) -> dict[str, str]:
    message = EmailMessage()
    message["From"] = "noreply@example.com"
    message["To"] = recipient
    message["Subject"] = "A message for you"
    message.set_content(content)
    with smtplib.SMTP(os.getenv("SMTP_HOST", "127.0.0.1"), int(os.getenv("SMTP_PORT", "25"))) as server:
        server.send_message(message)
    return {"status": "sent", "recipient": recipient}
