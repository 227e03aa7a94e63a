from hardened import mailer
from hardened.mailer import MailDeferredError

mailer._sorted = lambda code, text: MailDeferredError(f"{code} {text}", True)
