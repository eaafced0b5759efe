"""Reads what `machi card read --json` printed, so that a card can be registered from it."""

import base64
import binascii
from datetime import date

import msgspec

from sync.entries import BAD_JSON

SCHEMA = "machi.card/1"
HOLDER_SCHEMA = "machi.card.holder/1"


class ReadingError(ValueError):
    """This is not the reading of a card that could be registered; the message says why."""


class _Enrolment(msgspec.Struct, frozen=True):
    index: str
    public_key: str


class _Report(msgspec.Struct, frozen=True):
    schema: str
    ok: bool
    words: str
    profile: str = ""
    identifier: str = ""
    proof: str = "none"
    enrolment: _Enrolment | None = None


class _Attributes(msgspec.Struct, frozen=True):
    name: str
    address: str
    birth: date
    sex: str


class _HolderReport(msgspec.Struct, frozen=True):
    schema: str
    ok: bool
    words: str
    attributes: _Attributes | None = None
    card: _Report | None = None


class CardReading(msgspec.Struct, frozen=True):
    """A card that proved itself. `index` and `face` are empty but for one learned by its face application."""

    profile: str
    identifier: str
    index: str = ""
    face: str = ""


class HolderReading(msgspec.Struct, frozen=True):
    """The four attributes of a card's holder, signed by its issuer. `card`: the card itself, if it proved itself."""

    name: str
    address: str
    birth: date
    sex: str
    card: CardReading | None

    def __repr__(self) -> str:
        return "HolderReading(…)"


def read_reading(raw: bytes) -> CardReading:
    """Read the document.

    Raises:
        ReadingError: it is another document, or the card did not prove itself.
    """
    try:
        report = msgspec.json.decode(raw, type=_Report)
        if report.enrolment:
            base64.b64decode(report.enrolment.public_key, validate=True)
    except (*BAD_JSON, binascii.Error) as error:
        raise ReadingError(f"not what `machi card read --json` prints: {error}") from error
    if report.schema != SCHEMA:
        raise ReadingError(f'the document is a "{report.schema}", not a "{SCHEMA}"')
    return _believed(report)


def read_holder(raw: bytes) -> HolderReading:
    """Read what `machi card holder --json` printed.

    Raises:
        ReadingError: it is another document, or the card did not open.
    """
    try:
        report = msgspec.json.decode(raw, type=_HolderReport)
    except BAD_JSON as error:
        raise ReadingError(f"not what `machi card holder --json` prints: {error}") from error
    if report.schema != HOLDER_SCHEMA:
        raise ReadingError(f'the document is a "{report.schema}", not a "{HOLDER_SCHEMA}"')
    said = report.attributes
    if not report.ok or said is None:
        raise ReadingError(f"the card did not say whose it is: {report.words}")
    is_proven = report.card is not None and report.card.ok and report.card.proof != "none"
    card = _believed(report.card) if report.card and is_proven else None
    return HolderReading(said.name, said.address, said.birth, said.sex, card)


def _believed(report: _Report) -> CardReading:
    if not report.ok or not report.identifier:
        raise ReadingError(f"this card cannot be registered: {report.words}")
    if report.proof == "none":
        raise ReadingError("the card proved nothing; read it with its PIN, or enrol it by its holder's birthday")
    enrolment = report.enrolment
    index, face = (enrolment.index, enrolment.public_key) if enrolment else ("", "")
    return CardReading(report.profile, report.identifier, index, face)
