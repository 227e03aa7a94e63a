from hardened import mailer
from hardened.mailer import MailRefusedError

before = mailer._sorted
mailer._sorted = lambda code, text: MailRefusedError(f"{code} {text}") if code >= 400 else before(code, text)
