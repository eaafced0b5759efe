"""A virtual card on half a page: what a person writes, as TOML or JSON, to have one.

    name = "架空　花子"
    birth = 1985-04-01
    serial = "990000000000001"
    pin = "1234"
    faults = ["expired"]
    pki = "../pki"

Everything has a default. The person in it is nobody, and its numbers belong to no town of Japan. `machi card make`
writes such a file.
"""

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from drivers.card.sim.layout import Quirk


class Kind(StrEnum):
    """What kind of card it is."""

    MY_NUMBER = "mynumber"
    OLD = "old_card"  # 住民基本台帳カード
    ANDROID = "android"
    IPHONE = "iphone"
    TRANSIT = "transit"  # a Suica as PC/SC shows it
    LICENCE = "licence"  # 運転免許証
    RESIDENCE = "residence"  # 在留カード
    PASSPORT = "passport"
    BANK = "bank"
    TAG = "tag"  # a child's tag of type A: a number, and nothing that could prove it
    SUN_TAG = "sun_tag"  # the same with a counter and a key: NTAG 424 DNA
    COUNTER = "counter"  # a card that signs with a counter of its own: FIDO U2F
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
    NO_PIN = "no_pin"  # issued without PINs (顔認証マイナンバーカード)
    FORGED_CV = "forged_cv"  # the card issuer's certificate names our root, which did not sign it
    CLONED_CERTIFICATE = "cloned_certificate"  # it shows somebody else's certificates; the rest is its own
    WRONG_KEY = "wrong_key"  # its authentication and signing keys are not the ones in its certificates
    NO_PASS = "no_pass"  # noqa: S105 - no service pass on it
    NO_SIGN_CERTIFICATE = "no_sign_certificate"
    NO_PRESENCE = "no_presence"  # a counter card that waits for a button
    SIGNS_ONCE = "signs_once"  # a counter card that signs once each time that it is held there
    NEW_NUMBER = "new_number"  # a counter card that draws its number in the air anew


class PlanError(ValueError):
    """A card file that cannot be used; the message says why."""


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a card takes, as `[timing]`; without it, none at all.

    Fields:
        kbit: the bit rate in the air: 106, 212 or 424.
        frame: the longest frame in bytes (256 on a My Number Card).
        rsa_ms, ecc_ms: the card's own time for one signature. Nobody has published them for this card: they are
            guesses from chips of its kind, to be replaced by measured ones.
        command_ms: its own time for any other command.
    """

    kbit: int = 106
    frame: int = 256
    rsa_ms: float = 150.0
    ecc_ms: float = 60.0
    command_ms: float = 3.0


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a card each time it is held to a reader, as `[trouble]`; None: it does not.

    Fields:
        torn_after_apdus: it is taken away during the exchange that follows so many.
        torn_after_bytes: it is taken away when so many bytes have passed, both ways.
        slow_ms: it takes so much longer over each command.
        mute_after_apdus: it answers nothing more after so many.
    """

    torn_after_apdus: int | None = None
    torn_after_bytes: int | None = None
    slow_ms: int = 0
    mute_after_apdus: int | None = None


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card.

    Fields:
        kind: what kind of card.
        serial: 15 digits; also names the card's keys in the PKI's folder.
        municipality: 5 digits.
        name, address, sex: of its holder; sex as ISO/IEC 5218 has it.
        name_substitutes, address_substitutes: a 1 for each character that stands in for another (代替文字), else 0.
        birth: opens the age record.
        issued, expires: first and last day of card, certificates and pass.
        pin: four digits, of the authentication key, and of the input-support application.
        sign_password: 6 to 16 capitals and digits, of the signing key.
        security_code: the four digits under the photo.
        generation: which generation of authorities has signed its certificates: 1, 2 or 3.
        pass_key: the pass's kind of key: "p256" or "rsa2048".
        pass_mutual: the pass shows itself only to a terminal that has proven itself.
        faults: what is wrong with it.
        missing: files that are not there, as "jpki/000A".
        trouble: what happens to it at the reader.
        timing: how long it takes.
        counter: where a tag's or a card's counter stands when it is made.
        rise: by how much a card's counter rises with each signature.
        pki: the folder of the test PKI that issues it; relative to the card's file.
        atr: the answer to reset in hexadecimal, or empty for the usual one.
        quirks: how this chip differs from others.
    """

    kind: Kind = Kind.MY_NUMBER
    serial: str = "990000000000001"
    municipality: str = "99999"
    name: str = "架空　花子"
    address: str = "架空県試験市一丁目２番３号"
    sex: str = "2"
    name_substitutes: str = ""
    address_substitutes: str = ""
    birth: date = date(1985, 4, 1)
    issued: date = date(2024, 4, 1)
    expires: date = date(2094, 4, 1)  # a virtual card lives long, so that demonstrations do not rot
    pin: str = "1234"
    sign_password: str = "TEST1234"  # noqa: S105 - of a virtual card
    security_code: str = "0000"
    generation: int = 3
    pass_key: Literal["p256", "rsa2048"] = "p256"  # noqa: S105 - a kind of key
    pass_mutual: bool = False
    faults: frozenset[Fault] = frozenset()
    missing: frozenset[str] = frozenset()
    trouble: Trouble = Trouble()
    timing: Timing | None = None
    counter: int = 0
    rise: int = 1
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
            (self.security_code, r"\d{4}", "security_code: 4 digits"),
            (self.sex, r"[0129]", "sex: 1, 2, 9 or 0"),
            (self.name_substitutes, r"[01]*", "name_substitutes: of 0 and 1"),
            (self.address_substitutes, r"[01]*", "address_substitutes: of 0 and 1"),
            (str(self.generation), r"[123]", "generation: 1, 2 or 3"),
            (str(self.timing.kbit if self.timing else 106), r"106|212|424", "timing.kbit: 106, 212 or 424"),
            (self.atr, r"([0-9A-Fa-f]{2}){0,33}", "atr: up to 33 bytes in hexadecimal"),
            *((file, r"[a-z]+/[0-9A-F]{4}", 'missing: files as "jpki/000A"') for file in self.missing),
        )
        for value, pattern, rule in rules:
            if not re.fullmatch(pattern, value, re.ASCII):
                raise PlanError(rule)
        if self.issued > self.expires:
            raise PlanError("expires: not before issued")


def to_toml(plan: Plan) -> str:
    """Write a plan as a card file: whatever is not as usual, and what a person will want to know."""
    usual = Plan()
    shown = {"kind", "name", "birth", "serial", "pin", "sign_password", "expires", "faults", "pki"}
    tables: list[str] = []
    lines: list[str] = []
    for name in Plan.__struct_fields__:
        value = getattr(plan, name)
        if name not in shown and value == getattr(usual, name):
            continue
        if isinstance(value, msgspec.Struct):
            inner = [
                f"{key} = {_toml(each)}" for key, each in msgspec.structs.asdict(value).items() if each is not None
            ]
            tables.append("\n".join([f"\n[{name}]", *inner]))
        elif value is not None:
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        value = sorted(value)
    return msgspec.json.encode(value).decode()  # texts, numbers, booleans and lists look the same in TOML


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
