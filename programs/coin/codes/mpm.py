"""The code that a shop shows and a phone reads: a sticker without an amount, or a screen with one (MPM).

EMV QR Code Specification for Payment Systems, Merchant-Presented Mode, version 1.1 (EMVCo, November 2020): chapter 3
has the ids and how long their values may be, section 4.7 what the values may be.

Several networks may share one code. Each has an account of its own; ours is a template (ids 26 to 51) of two elements:
00, a domain of the town's, backwards, by which we know it ("jp.example.town"), and 01, the place that is paid. What
other networks have written is kept and not looked at. JPQR's codes are made alike, under jp.or.paymentsjapan; the
council that runs it prints them, so ours stands beside theirs only where the council has agreed.

A code proves nothing. Anybody can glue another one over a shop's: show the payer the shop's name before they pay, and
let the shop hear from its own unit that they have.

At level M a sticker with names in both languages (159 bytes in the tests) is a QR code of version 9, 53 by 53 points,
the same with a bill (211 bytes) of version 10, 57 by 57; 512 bytes, the most that is written or read, is version 18.
"""

import re
from typing import Final

import msgspec

from drivers.scanner import Element
from programs.coin.codes.errors import CodeError, Why
from programs.coin.codes.layout import Parts, network_of, put_together, take_apart, whole

YEN: Final = "392"  # ISO 4217, which gives it no decimals
JAPAN: Final = "JP"  # ISO 3166-1
JAPANESE: Final = "JA"  # ISO 639-1, in capitals as in the standard's own example

_STICKER, _ONCE = "11", "12"  # point of initiation method: for many payments, for one
_REQUIRED: Final = ("01", "52", "53", "58", "59", "60")  # 01 is optional in the standard, and not with us
_CARD_ACCOUNTS: Final = tuple(f"{tag:02}" for tag in range(2, 26))
_ACCOUNTS: Final = tuple(str(tag) for tag in range(26, 52))
_OTHERS: Final = frozenset((*_CARD_ACCOUNTS, *_ACCOUNTS, "64", *(str(tag) for tag in range(80, 100))))
_TIPS_AND_FEES: Final = frozenset({"55", "56", "57"})
_BILL, _REFERENCE, _TERMINAL = "01", "05", "07"
_LABELS: Final = tuple(f"{tag:02}" for tag in range(1, 10))  # those in template 62 that have a meaning for everybody
_MORE: Final = frozenset(f"{tag:02}" for tag in range(1, 100)) - {_BILL, _REFERENCE, _TERMINAL}
_ASK_THE_PAYER: Final = "***"

_NETWORK_CHARS, _PLACE_CHARS, _CARD_ACCOUNT_CHARS = 32, 32, 99
_NAME_CHARS, _CITY_CHARS, _POSTAL_CHARS, _LABEL_CHARS = 25, 15, 10, 25
_NETWORK: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_CATEGORY: Final = re.compile(r"[0-9]{4}")
_WHOLE_YEN: Final = re.compile(r"[1-9][0-9]{0,12}")


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's code says.

    Attributes:
        place: who is paid, as the town's books call it; 1 to 32 characters.
        category: what is sold there, four digits (ISO 18245).
        name, city: in ASCII, at most 25 and 15 characters.
        name_ja, city_ja: the same in Japanese, or empty; no city without a name.
        postal: at most 10 characters, or empty.
        yen: how much, 1 to 13 digits; None if the payer types it.
        bill: which bill this is, at most 25 characters of ASCII. A code with an amount has one.
        reference, terminal: like `bill`, or empty.
        more: what else stands in template 62, by id.
        others: what other networks have written, and names in another language (64), by id.
    """

    place: str
    category: str
    name: str
    city: str
    name_ja: str = ""
    city_ja: str = ""
    postal: str = ""
    yen: int | None = None
    bill: str = ""
    reference: str = ""
    terminal: str = ""
    more: tuple[Element, ...] = ()
    others: tuple[Element, ...] = ()


def read(text: str, network: str) -> Code:
    """Read a code, as a camera or a scanner says it.

    Ids that are reserved for later versions (65 to 79, and those of template 64) are skipped, as the standard wants.

    Args:
        text: the whole code.
        network: our own reverse domain.

    Raises:
        CodeError: it is not taken, for the reason in `why`. With FOREIGN it may be a good code, but not one of ours.
    """
    root = take_apart(text)
    _check_common(root)
    own = _own_template(root, network)
    account, more, japanese = root.template(own), root.template("62"), _japanese(root)
    account.expect("01")
    if newer := account.values.keys() - {"00", "01"}:
        raise CodeError(Why.UNKNOWN, f"template {own} has {', '.join(sorted(newer))} too: what is that?")
    for tag in _LABELS:
        more.plain(tag, _LABEL_CHARS)
    ours = {own, "64"} if japanese.values else {own}
    code = Code(
        place=account.shown("01", _PLACE_CHARS),
        category=root.values["52"],
        name=root.plain("59", _NAME_CHARS),
        city=root.plain("60", _CITY_CHARS),
        name_ja=japanese.shown("01", _NAME_CHARS),
        city_ja=japanese.shown("02", _CITY_CHARS),
        postal=root.plain("61", _POSTAL_CHARS),
        yen=_yen(root),
        bill=more.values.get(_BILL, ""),
        reference=more.values.get(_REFERENCE, ""),
        terminal=more.values.get(_TERMINAL, ""),
        more=more.only(_MORE),
        others=root.only(_OTHERS - ours),
    )
    _check_once(root.values["01"], code)
    return code


def write(code: Code, network: str) -> str:
    """Write a code; our account goes into the first template from 26 on that nobody else has.

    Raises:
        CodeError: it says something that cannot be said. What is written reads as the same again.
    """
    if not _NETWORK.fullmatch(network) or len(network) > _NETWORK_CHARS:
        raise CodeError(Why.VALUE, f"a network is called by a reverse domain of at most {_NETWORK_CHARS} characters")
    root = {each.tag: each.value for each in code.others}
    own = next((tag for tag in _ACCOUNTS if tag not in root), None)
    if own is None:
        raise CodeError(Why.TOO_LONG, "no account template is left")
    more = {each.tag: each.value for each in code.more}
    more |= {_BILL: code.bill, _REFERENCE: code.reference, _TERMINAL: code.terminal}
    root |= {
        "01": _STICKER if code.yen is None else _ONCE,
        own: put_together({"00": network, "01": code.place}),
        "52": code.category,
        "53": YEN,
        "54": "" if code.yen is None else str(code.yen),
        "58": JAPAN,
        "59": code.name,
        "60": code.city,
        "61": code.postal,
        "62": put_together(more),
    }
    if code.name_ja or code.city_ja:
        root["64"] = put_together({"00": JAPANESE, "01": code.name_ja, "02": code.city_ja})
    text = whole(root)
    if read(text, network) != code:
        raise CodeError(Why.VALUE, "what others have written is not in order, or takes the place of something of ours")
    return text


def _check_common(root: Parts) -> None:
    """Check what a code says to every network."""
    root.expect(*_REQUIRED)
    if not _CATEGORY.fullmatch(root.values["52"]):
        raise CodeError(Why.VALUE, "a category has four digits")
    if root.values["53"] != YEN:
        raise CodeError(Why.CURRENCY, "this is to be paid in another currency than yen")
    if root.values["58"] != JAPAN:
        raise CodeError(Why.COUNTRY, "this shop is in another country")
    if root.values.keys() & _TIPS_AND_FEES:
        raise CodeError(Why.FEE, "a tip or a fee comes on top, and the coin knows neither")
    for tag in _CARD_ACCOUNTS:
        root.plain(tag, _CARD_ACCOUNT_CHARS)


def _own_template(root: Parts, network: str) -> str:
    own = [tag for tag in _ACCOUNTS if network_of(root.values.get(tag, "")) == network]
    if not own:
        raise CodeError(Why.FOREIGN, "this shop takes other networks, and not ours")
    if len(own) > 1:
        raise CodeError(Why.TWICE, f"accounts of ours in {', '.join(own)}: which one is paid?")
    return own[0]


def _japanese(root: Parts) -> Parts:
    """Return the template of names, if it is in Japanese."""
    names = root.template("64")
    if not names.values:
        return names
    names.expect("00", "01")
    return names if names.values["00"] == JAPANESE else Parts("64", {})


def _yen(root: Parts) -> int | None:
    said = root.values.get("54")
    if said is None:
        return None
    if not _WHOLE_YEN.fullmatch(said):
        raise CodeError(Why.AMOUNT, "an amount is a whole number of yen: 1 to 13 digits, and no zero before them")
    return int(said)


def _check_once(method: str, code: Code) -> None:
    """Check that a code for one payment says how much and for which bill, and that a sticker does not say how much."""
    if method not in {_STICKER, _ONCE}:
        raise CodeError(Why.VALUE, f"01 is {_STICKER} or {_ONCE}")
    if (method == _ONCE) != (code.yen is not None):
        raise CodeError(Why.AMOUNT, "a code for one payment says how much, and a sticker does not")
    if code.yen is not None and code.bill in {"", _ASK_THE_PAYER}:
        raise CodeError(Why.MISSING, "a code with an amount says for which bill it is")
