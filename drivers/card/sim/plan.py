"""A virtual card on half a page: what a person writes, as TOML or JSON, to have one.

    birth = 1985-04-01
    serial = "990000000000001"
    pin = "1234"
    faults = ["expired"]
    pki = "../pki"

Everything has a default. Nobody's name is in it, and its numbers belong to no town of Japan.
"""

import re
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec

from drivers.card.sim.layout import Quirk


class Kind(StrEnum):
    """What kind of card it is."""

    MY_NUMBER = "mynumber"
    OLD = "old_card"  # 住民基本台帳カード
    ANDROID = "android"
    IPHONE = "iphone"
    TRANSIT = "transit"  # a Suica as PC/SC shows it
    BANK = "bank"
    EMPTY = "empty"  # a chip with nothing on it
    GARBAGE = "garbage"  # answers at random
    TOO_LONG = "too_long"  # answers more than it is asked for
    ENDLESS = "endless"  # always has more to say


class Fault(StrEnum):
    """What is wrong with a card, as it was made. What happens to a card at the reader is told to the reader."""

    EXPIRED = "expired"  # the pass, the certificate and the card
    NOT_YET_VALID = "not_yet_valid"
    UNKNOWN_CA = "unknown_ca"  # issued by authorities that nobody trusts
    FORGED_CREDENTIAL = "forged_credential"  # what it shows was altered after it was signed
    FORGED_KEY = "forged_key"  # a copy of somebody's files, without the keys
    BLOCKED_PIN = "blocked_pin"
    LAST_TRY = "last_try"  # one try of the PIN is left
    NO_PASS = "no_pass"  # noqa: S105 - no service pass on it
    NO_SIGN_CERTIFICATE = "no_sign_certificate"


class PlanError(ValueError):
    """A card file that cannot be used; the message says why."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card.

    Fields:
        kind: what kind of card.
        serial: 15 digits; also names the card's keys in the PKI's folder.
        municipality: 5 digits.
        birth: opens the age record.
        issued, expires: first and last day of card, certificates and pass.
        pin: four digits, of the authentication key.
        sign_password: 6 to 16 capitals and digits, of the signing key.
        faults: what is wrong with it.
        pki: the folder of the test PKI that issues it; relative to the card's file.
        atr: the answer to reset in hexadecimal, or empty for the usual one.
        quirks: how this chip differs from others.
    """

    kind: Kind = Kind.MY_NUMBER
    serial: str = "990000000000001"
    municipality: str = "99999"
    birth: date = date(1985, 4, 1)
    issued: date = date(2024, 4, 1)
    expires: date = date(2094, 4, 1)  # a virtual card lives long, so that demonstrations do not rot
    pin: str = "1234"
    sign_password: str = "TEST1234"  # noqa: S105 - of a virtual card
    faults: frozenset[Fault] = frozenset()
    pki: str = "."
    atr: str = ""
    quirks: frozenset[Quirk] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what no card can have.

        Raises:
            PlanError: the message says what.
        """
        rules = (
            (self.serial, r"\d{15}", "serial: 15 digits"),
            (self.municipality, r"\d{5}", "municipality: 5 digits"),
            (self.pin, r"\d{4}", "pin: 4 digits"),
            (self.sign_password, r"[A-Z0-9]{6,16}", "sign_password: 6 to 16 capitals and digits"),
            (self.atr, r"([0-9A-Fa-f]{2}){0,33}", "atr: up to 33 bytes in hexadecimal"),
        )
        for value, pattern, rule in rules:
            if not re.fullmatch(pattern, value, re.ASCII):
                raise PlanError(rule)
        if self.issued > self.expires:
            raise PlanError("expires: not before issued")


def load(path: Path) -> Plan:
    """Read a card file; `.json` is JSON, anything else TOML.

    Raises:
        PlanError: it cannot be read, or says something that no card can have.
    """
    try:
        data = path.read_bytes()
        decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
        return decode(data, type=Plan)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError, PlanError) as error:
        raise PlanError(f"{path}: {error}") from error
