"""A phone's code in the form of the tills: the same code in other letters, and nothing to believe in the letters."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from drivers.card import CardError, Fresh, Proof, StaleCodeError, Trust, identify_code, paper, tlv
from drivers.card.paper import Kind, Paper
from drivers.card.sim.pki import TestPki
from drivers.card.tokens import code, phone, printed
from drivers.scanner import Event, Scanned, sim
from programs.coin.codes.cpm import APPLICATION, CHARS_MAX, claims, read, write
from programs.coin.codes.errors import CodeError, Why

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
TOWN, PHONE = (Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32) for number in (1, 2))
DAYS = date(2026, 4, 1), date(2027, 3, 31)

# Published codes of other payments.
OTHERS = {
    # EMV QRCPS, Consumer-Presented Mode 1.1, annex A; also in the tests of github.com/mvallim/emv-qrcode
    "emvco": "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1W"
    "Xy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw==",
    "emvco, magnetic stripe": "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=",
    # the tests of com.ingonoka.utils (Base64KtTest): a ticket of QCAT01, which puts its own data under C1 and after too
    "qcat": "hQVDUFYwMWFWTwZRQ0FUMDFjTMEDExOIwgIBE8MEXXjctsQCA4TeNwIwNAIYWVJ7eVHnfrbLJQFJ/6IAaxpBUpfROqSKA"
    "hhAmG3AXbIjUIjbRZk4mCOjJIQuc6Y1s/0=",
}


def issued(issuer: str = "asahi.1") -> bytes:
    key = PHONE.public_key().public_bytes_raw()
    return paper.issue(Paper(Kind.PHONE, issuer, bytes(range(8)), *DAYS, key), TOWN)


def shown(at: datetime = NOW, issuer: str = "asahi.1") -> str:
    return phone.make(issued(issuer), PHONE, at)


@pytest.fixture
def trust(pki: TestPki) -> Trust:
    return replace(pki.trust(), pass_issuers={"asahi.1": TOWN.public_key()})


def refused(why: Why, text: str, by: Callable[[str], str] = read) -> None:
    with pytest.raises(CodeError) as caught:
        by(text)
    assert caught.value.why is why, str(caught.value)
    assert str(caught.value)


def packed(*objects: bytes, version: bytes = b"CPV01") -> str:
    return base64.b64encode(tlv.write(0x85, version) + b"".join(objects)).decode()


def template(*data: bytes, name: bytes = APPLICATION) -> bytes:
    return tlv.write(0x61, tlv.write(0x4F, name) + b"".join(data))


def carrying(content: bytes) -> bytes:
    return tlv.write(0x63, tlv.write(0xC1, content))


# ---------------------------------------------------------------------------------------------- what it is


def test_the_form_byte_by_byte() -> None:
    text, inner = write(shown()), code.from_text(shown())
    assert base64.b64decode(text).hex(" ", -1).split() == [
        *("85", "05", "43", "50", "56", "30", "31"),  # CPV01
        *("61", "81", "c8", "4f", "06", "f0", "6d", "61", "63", "68", "69"),  # our application
        *("63", "81", "bd", "c1", "81", "ba"),
        *inner.hex(" ", -1).split(),
    ]
    assert inner.startswith(b"\x02\x07asahi.1\x00\x01\x02\x03\x04\x05\x06\x07")
    assert text.startswith("hQVDUFYwMWGByE8G8G1hY2hpY4G9wYG6Agdhc2FoaS4xAAECAwQFBgclcybf")
    assert claims(text)
    assert not claims(shown())


def test_one_code_in_two_spellings() -> None:
    assert read(write(shown())) == shown()


def test_a_till_s_scanner_reads_it_and_a_unit_believes_it(trust: Trust) -> None:
    """From the scanner's line to what a touch knows: the spelling is gone, and every check is the house's own."""
    heard: list[Event] = []
    scanner = sim.Driver()
    scanner.start(heard.append)
    scanner.scan(write(shown()))
    scanned = heard[-1]
    assert isinstance(scanned, Scanned)
    assert claims(scanned.scan.text)
    presented = identify_code(read(scanned.scan.text), trust, NOW)
    assert presented == identify_code(shown(), trust, NOW)
    assert (presented.profile, presented.proof, presented.fresh) == ("phone", Proof.TOKEN, Fresh.WINDOW)


def test_it_is_good_for_a_minute_and_once_in_either_spelling(trust: Trust) -> None:
    text = write(shown())
    for late in (timedelta(seconds=61), timedelta(seconds=-61)):
        with pytest.raises(StaleCodeError):
            identify_code(read(text), trust, NOW + late)
    seen = {bytes(range(8)).hex(): identify_code(read(text), trust, NOW).counter}
    for again in (read(text), shown()):
        with pytest.raises(StaleCodeError):
            identify_code(again, replace(trust, last_counter=seen.get), NOW)


@pytest.mark.parametrize(
    ("issuer", "house", "till"),
    [("asahi.1", (286, 10), (280, 12)), ("TEST-asahi.1", (294, 10), (288, 13)), ("a" * 16 + ".1", (303, 10), (296, 13)),
     ("TEST-" + "a" * 15 + ".123", (312, 11), (304, 13))],
)  # fmt: skip
def test_how_large_the_codes_are(issuer: str, house: tuple[int, int], till: tuple[int, int]) -> None:
    """As the first page of `cpm` says: characters, and the version of a QR code that holds them at level M."""
    own = shown(issuer=issuer)
    assert (len(own), version(own)) == house
    assert (len(write(own)), version(write(own))) == till


def version(text: str) -> int:
    return int(segno.make(text, error="m", boost_error=False, micro=False).version)


# ---------------------------------------------------------------------------------------------- beside others


@pytest.mark.parametrize("name", OTHERS)
def test_published_codes_of_other_payments_are_not_ours(name: str) -> None:
    assert claims(OTHERS[name])
    refused(Why.FOREIGN, OTHERS[name])


def test_what_other_applications_say_is_skipped() -> None:
    other = template(tlv.write(0x50, b"Product1"), name=bytes.fromhex("A0000000555555"))
    common = tlv.write(0x62, tlv.write(0x5F2D, b"ja"))
    own = template(tlv.write(0x50, b"machi"), carrying(code.from_text(shown())), tlv.write(0xC7, b"later"))
    for objects in ((other, own, common), (own, other), (own, common, other, other)):
        assert read(packed(*objects)) == shown()


# ---------------------------------------------------------------------------------------------- what is refused

INNER = code.from_text(shown())
OWN = template(carrying(INNER))
MADE_WRONG: dict[str, tuple[Why, str]] = {
    "nothing": (Why.FORM, ""),
    "text": (Why.FORM, "https://town.example/"),
    "the house's own spelling": (Why.FORM, shown()),
    "a shop's code": (Why.FORM, "000201010211"),
    "other bytes": (Why.FORM, base64.b64encode(OWN).decode()),
    "another version": (Why.FORM, packed(OWN, version=b"CPV02")),
    "a line end": (Why.CHARACTERS, packed(OWN) + "\n"),
    "no base64": (Why.CHARACTERS, packed(OWN)[:-9] + "*" + packed(OWN)[-8:]),
    "Japanese": (Why.CHARACTERS, packed(OWN)[:-1] + "灯"),
    "letters of the other base64": (Why.CHARACTERS, packed(OWN)[:-5] + "-" + packed(OWN)[-4:]),
    "cut within four letters": (Why.CHARACTERS, packed(OWN)[:-2]),
    "bits that mean nothing": (Why.CHARACTERS, packed(tlv.write(0x61, b"\0"))[:-2] + "B="),
    "too long": (Why.TOO_LONG, packed(OWN, tlv.write(0x62, bytes(256)))),
    "cut short": (Why.LAYOUT, packed(OWN)[:-4]),
    "nothing behind the beginning": (Why.LAYOUT, "hQVDUFYwMWE="),
    "an application without a name": (Why.LAYOUT, packed(tlv.write(0x61, tlv.write(0x50, b"machi")), OWN)),
    "two names": (Why.LAYOUT, packed(template(tlv.write(0x4F, APPLICATION), carrying(INNER)))),
    "no data": (Why.LAYOUT, packed(template())),
    "no code in the data": (Why.LAYOUT, packed(template(tlv.write(0x63, tlv.write(0xC2, INNER))))),
    "two codes in the data": (Why.LAYOUT, packed(template(tlv.write(0x63, tlv.write(0xC1, b"\2") * 2)))),
    "two applications of ours": (Why.TWICE, packed(template(carrying(b"\2")), template(carrying(b"\2")))),
    "no application of ours": (Why.FOREIGN, packed(template(carrying(INNER), name=b"\xf0machitap\x01"))),
    "no application at all": (Why.FOREIGN, packed(tlv.write(0x61, tlv.write(0x4F, b"\xa0")))),
    "an empty code": (Why.FORM, packed(template(carrying(b"")))),
    "a printed code": (Why.FORM, packed(template(carrying(b"\1" + INNER[1:])))),
    "a pass": (Why.FORM, packed(template(carrying(b"\3" + INNER[1:])))),
}


@pytest.mark.parametrize("name", MADE_WRONG)
def test_what_is_not_taken_and_why(name: str) -> None:
    refused(*MADE_WRONG[name])


def test_only_a_phone_s_code_is_put_into_this_form() -> None:
    on_paper = printed.make(Paper(Kind.PRINTED, "asahi.1", bytes(8), *DAYS), TOWN)
    for text in ("", "MACHI1:", "MACHI1:a", "https://town.example/", "\ud83d", on_paper, write(shown())):
        refused(Why.FORM, text, write)


def test_any_one_letter_that_changes_is_noticed(trust: Trust) -> None:
    """There is no checksum: the two signatures notice, or the form does."""
    text = write(shown())
    for at, letter in enumerate(text):
        for other in {"A", "b", "7", "="} - {letter}:
            with pytest.raises((CodeError, CardError)):
                identify_code(read(text[:at] + other + text[at + 1 :]), trust, NOW)


def never_fails(text: str) -> None:
    try:
        own = read(text)
    except CodeError:
        return
    assert read(write(own)) == own
    assert len(text) <= CHARS_MAX


@given(st.text(max_size=200), st.binary(max_size=200))
def test_no_text_makes_it_fail(text: str, noise: bytes) -> None:
    for noisy in (text, "hQVDUFYwMW" + text, packed(noise), packed(template(noise)), packed(template(carrying(noise)))):
        never_fails(noisy)


@given(st.binary(max_size=300))
def test_whatever_a_phone_says_is_carried_unchanged(said: bytes) -> None:
    own = code.to_text(b"\2" + said)
    text = write(own)
    if len(text) <= CHARS_MAX:
        assert read(text) == own
    else:
        refused(Why.TOO_LONG, text)
