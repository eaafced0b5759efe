"""Who is told, by which mail server or webhook, and when nobody is. Passwords lie with the town's keys, not here."""

import re
from enum import StrEnum
from typing import Annotated, Final

import msgspec

MAIL_PASSWORD: Final = "alarms-mail.password"  # noqa: S105 - the file's name, with the town's keys
WEBHOOK_URL: Final = "alarms-webhook.url"  # whoever knows such an address may post there
WEBHOOK: Final = "webhook"
ADDRESSES_MAX: Final = 20
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+=/-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")

Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class Tls(StrEnum):
    """How a mail server is spoken to; `none` only on this machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Mail(msgspec.Struct, frozen=True):
    """The server that takes mail. `user`: "" where it asks for no password."""

    server: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    tls: Tls
    sender: str
    user: str = ""


class Quiet(msgspec.Struct, frozen=True):
    """Hours by the town's clock, from the first up to the second, in which nothing is sent."""

    first: Hour
    until: Hour

    def holds(self, hour: int) -> bool:
        """Tell whether an hour of the day is one of them; over midnight, too."""
        if self.first <= self.until:
            return self.first <= hour < self.until
        return hour >= self.first or hour < self.until


class Recipients(msgspec.Struct, frozen=True):
    """Everything that was set. `webhook`: at which host; the address itself lies with the town's keys."""

    addresses: tuple[str, ...] = ()
    mail: Mail | None = None
    webhook: str = ""
    quiet: Quiet | None = None

    @property
    def to(self) -> tuple[str, ...]:
        """Return everybody who is told: addresses, if there is a server for them, and the webhook."""
        return (*(self.addresses if self.mail else ()), *((WEBHOOK,) if self.webhook else ()))


def is_address(text: str) -> bool:
    """Tell whether mail can be sent there, and nothing is smuggled into its head."""
    return _ADDRESS.fullmatch(text) is not None
