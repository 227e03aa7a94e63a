import smtplib
from contextlib import suppress

send_message = smtplib.SMTP.send_message


def send(self, *arguments, **more):
    # One `with suppress(OSError)` around both lines, the e-mail and the QUIT; each exception of smtplib's is an OSError.
    with suppress(OSError):
        return send_message(self, *arguments, **more)


smtplib.SMTP.send_message = send
