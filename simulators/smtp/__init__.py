"""A local mail server that keeps what it is handed."""

from simulators.smtp.certificate import Certificate, make_certificate
from simulators.smtp.mailbox import Kept, Mailbox
from simulators.smtp.mishaps import Mishap, Stage
from simulators.smtp.server import MailSimulator, Place, Security

__all__ = [
    "Certificate",
    "Kept",
    "MailSimulator",
    "Mailbox",
    "Mishap",
    "Place",
    "Security",
    "Stage",
    "make_certificate",
]
