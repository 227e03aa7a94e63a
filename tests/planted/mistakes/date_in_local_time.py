from datetime import datetime
from email.utils import format_datetime

from hardened import mailer

# Local time without its zone: whoever reads it takes it for UTC.
mailer.formatdate = lambda: format_datetime(datetime.now())
