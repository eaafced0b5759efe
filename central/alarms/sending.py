"""Hands letters to a mail server or a webhook. Passwords are read when they are needed, and are in no error."""

import logging
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import httpx
import msgspec

from central.alarms.outbox import Parcel, Tried
from central.alarms.recipients import MAIL_PASSWORD, WEBHOOK, WEBHOOK_URL, Mail, Recipients, Tls
from central.folder import FolderError

logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes down every address, and this one is a secret

TIMEOUT_S: Final = 10
_REFUSED_FOR_GOOD: Final = range(500, 600)
_ERROR_MAX: Final = 200


@dataclass(frozen=True)
class Sender:
    """What sends.

    Attributes:
        secret: reads a secret of the centre's folder by its name, or raises FolderError.
        context: by whom servers have to be vouched for.
    """

    secret: Callable[[str], bytes]
    context: ssl.SSLContext

    def send(self, to: Recipients, parcel: Parcel) -> Tried:
        """Send one letter; whatever goes wrong is said in the answer."""
        try:
            if parcel.to == WEBHOOK:
                self._post(parcel)
            elif to.mail:
                self._mail(to.mail, parcel)
        except (smtplib.SMTPException, httpx.HTTPError, FolderError, UnicodeError, OSError) as error:
            return _failed(parcel, error)
        return Tried(parcel)

    def send_all(self, to: Recipients, parcels: Sequence[Parcel]) -> list[Tried]:
        """Send some; where a mail server is away, it is asked once and not for each."""
        tried: list[Tried] = []
        for parcel in parcels:
            away = next((one for one in tried if one.is_away), None)
            if away and parcel.to != WEBHOOK:
                tried.append(Tried(parcel, away.error, is_away=True))
            else:
                tried.append(self.send(to, parcel))
        return tried

    def _mail(self, mail: Mail, parcel: Parcel) -> None:
        implicit = mail.tls is Tls.TLS
        with (
            smtplib.SMTP_SSL(mail.server, mail.port, timeout=TIMEOUT_S, context=self.context)
            if implicit
            else smtplib.SMTP(mail.server, mail.port, timeout=TIMEOUT_S)
        ) as server:
            if mail.tls is Tls.STARTTLS:
                server.starttls(context=self.context)  # raises if there is none: nothing is said in the clear
            if mail.user:
                server.login(mail.user, self.secret(MAIL_PASSWORD).decode().strip())
            server.send_message(written(mail.sender, parcel))

    def _post(self, parcel: Parcel) -> None:
        url = self.secret(WEBHOOK_URL).decode().strip()
        letter = parcel.letter
        body = msgspec.json.encode(
            {
                "schema": "machi.alarm/1",
                "id": parcel.id,
                "at_ms": parcel.at_ms,
                "text": f"{letter.subject}\n\n{letter.text}",
                "news": letter.news,
            }
        )
        head = {"Content-Type": "application/json"}
        answer = httpx.post(url, content=body, headers=head, timeout=TIMEOUT_S, verify=self.context)
        answer.raise_for_status()


def _failed(parcel: Parcel, error: Exception) -> Tried:
    """Say what went wrong, without what is secret: errors of HTTP may have the address in their text."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(error.recipients.values()))
            return Tried(parcel, _short(f"{code} {said.decode(errors='replace')}"), code in _REFUSED_FOR_GOOD)
        case httpx.HTTPStatusError():
            return Tried(parcel, f"the webhook answered {error.response.status_code}")
        case httpx.HTTPError():
            return Tried(parcel, f"{type(error).__name__} at the webhook")
        case UnicodeError():  # Python's smtplib sends ASCII only
            return Tried(parcel, "the mail server's password is not ASCII", is_away=True)
        case FolderError():
            return Tried(parcel, _short(str(error)), is_away=True)
        case _:
            return Tried(parcel, _short(f"{type(error).__name__}: {error}"), is_away=True)


def written(sender: str, parcel: Parcel) -> EmailMessage:
    """Return a letter as a mail; the same letter to the same address always has the same id."""
    mail = EmailMessage()
    mail["Subject"] = parcel.letter.subject
    mail["From"] = sender
    mail["To"] = parcel.to
    mail["Date"] = format_datetime(datetime.fromtimestamp(parcel.at_ms / 1_000, UTC))
    mail["Message-ID"] = f"<{parcel.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    mail.set_content(parcel.letter.text, cte="base64")
    return mail


def _short(text: str) -> str:
    return " ".join(text.split())[:_ERROR_MAX]
