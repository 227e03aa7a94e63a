"""One e-mail over SMTP, with every error sorted into "never" and "later"."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import closing, suppress
from email.message import EmailMessage
from email.utils import formatdate


class MailRefusedError(Exception):
    """The server will never take it (5xx)."""


class MailDeferredError(Exception):
    """It may work later. `not_sent`: it is certain that this attempt has delivered nothing."""

    def __init__(self, message: str, not_sent: bool) -> None:
        super().__init__(message, not_sent)
        self.not_sent = not_sent

    def __str__(self) -> str:
        return str(self.args[0])


class _FencedSMTP(smtplib.SMTP):
    """Calls `fence` when all is ready and the next command is DATA, the point of no return."""

    fence: Callable[[], None]
    data_begun = False

    def data(self, msg: object) -> tuple[int, bytes]:
        self.fence()
        self.data_begun = True
        return super().data(msg)  # type: ignore[arg-type]


def compose(sender: str, recipient: str, content: str, message_id: str) -> EmailMessage:
    """The message; its Message-ID is the task's, so that a repetition can be recognised and counted."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = "A message for you"
    message["Date"] = formatdate()
    message["Message-ID"] = message_id
    # Base64, as smtplib puts a ">" before a line that begins with "From ".
    message.set_content(content, cte="base64")
    return message


def send(message: EmailMessage, host: str, port: int, timeout_s: float, fence: Callable[[], None]) -> None:
    """Deliver it; `timeout_s` bounds each wait for the server.

    Raises MailRefusedError, MailDeferredError, and what `fence` raises.
    """
    # With no name given, smtplib asks the resolver for one, for as long as that takes.
    smtp = _FencedSMTP(local_hostname=message["Message-ID"].partition("@")[2].rstrip(">"), timeout=timeout_s)
    smtp.fence = fence
    try:
        with closing(smtp):
            smtp.connect(host, port)
            smtp.send_message(message)
            # Polite, but its answer is not worth waiting for: the e-mail is delivered and must be recorded now.
            with suppress(OSError):
                smtp.putcmd("QUIT")
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _sorted(code, text) from error
    except smtplib.SMTPResponseException as error:
        raise _sorted(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailRefusedError(str(error)) from error
    except OSError as error:  # SMTPException is one too
        raise MailDeferredError(f"{type(error).__name__}: {error}", not smtp.data_begun) from error


def _sorted(code: int, text: bytes | str) -> Exception:
    said = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    return MailRefusedError(said) if code >= 500 else MailDeferredError(said, True)
