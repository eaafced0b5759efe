"""Who the holder is, at a desk: the attributes as text, the front of the card with its photo, the card manager."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card import (
    CardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    PinBlockedError,
    PinFormatError,
    PinLastTryError,
    PinWrongError,
    UnknownIssuerError,
    common,
    cvc,
    entry,
    isd,
    tlv,
)
from drivers.card.channel import Channel, Exchange
from drivers.card.face import front
from drivers.card.files import DESK
from drivers.card.proofs import rsa_holds
from drivers.card.sim import records
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Transparent
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.reader import Field

NONCE = bytes(range(32))
CODE = "60040120940000"
Lay = Callable[..., Field]


def desk(field: Field, steps: list[Exchange] | None = None) -> Channel:
    return Channel(field, allowed=DESK, trace=(steps if steps is not None else []).append)


def roots(pki: TestPki) -> dict[bytes, RSAPublicKey]:
    return {pki.own.cv_root.key_id: pki.own.cv_root.key.public_key()}


def faulty(pki: TestPki, *faults: Fault, **more: object) -> IsoCard:
    card = make(Plan(faults=frozenset(faults), **more), pki)  # type: ignore[arg-type]
    assert isinstance(card, IsoCard)
    return card


# ---------------------------------------------------------------------------------------------- four attributes


@pytest.mark.parametrize("secret", [CODE, "1234"])
def test_four_attributes_by_the_code_or_the_pin(pki: TestPki, hanako: IsoCard, lay: Lay, secret: str) -> None:
    steps: list[Exchange] = []
    read = entry.read(desk(lay(hanako), steps), secret, roots(pki), NONCE)
    assert read.attributes == entry.Attributes("架空　花子", "架空県試験市一丁目２番３号", date(1985, 4, 1), "2")
    assert read.issuer == "9999921/000"
    key = pki.keys.rsa("cards/990000000000001/face").public_key()
    assert rsa_holds(key, read.evidence.signature, read.evidence.message)
    assert read.evidence.message.endswith(NONCE)
    assert secret.encode().hex() not in " ".join(step.sent for step in steps)
    assert "花子" not in repr(read)


def test_the_code_is_made_of_what_is_printed() -> None:
    assert entry.code_b(date(1980, 2, 17), 2035, "2285") == "55021720352285"
    assert entry.code_b(date(1980, 2, 17), 2035, "2285", western=True) == "80021720352285"
    for printed in ("", "228", "22851", "２２８５", "228a"):
        with pytest.raises(PinFormatError):
            entry.code_b(date(1980, 2, 17), 2035, printed)


def test_the_records_are_the_documented_bytes(pki: TestPki) -> None:
    record = records.attributes(Plan())
    assert record.hex().upper() == (
        "FF2056DF2108000E0020004A0055DF220FE69EB6E7A9BAE38080E88AB1E5AD90DF2327E69EB6E7A9BAE79C8CE8A9A6E9A893E5B882"
        "E4B880E4B881E79BAEEFBC92E795AAEFBC93E58FB7DF24083139383530343031DF250132"
    )
    signed = tlv.first(records.attribute_signatures(record, pki.own.card_issuer))
    assert signed.child(0xDF32).value.hex() == "8f1492ea55da927a45d22bfe05f942d78f3192b78b29d1a0a97b7df0aac0ef6a"
    assert signed.child(0xDF31).value.hex() == "32e65359eccad36f629b976eb6327fb6eaac3f784d95a959521c7e0284830d3d"
    assert len(signed.raw) == 336
    assert len(records.entry_key(pki.own.card_issuer.key.public_key(), pki.own.card_issuer)) == 536


def test_a_long_name_has_a_long_record(pki: TestPki, lay: Lay) -> None:
    card = faulty(pki, name="架空　" + "花" * 60)
    assert entry.read(desk(lay(card)), CODE, roots(pki), NONCE).attributes.name == "架空　" + "花" * 60


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNKNOWN_CA, UnknownIssuerError),
        (Fault.FORGED_CV, ForgedCardError),
        (Fault.FORGED_CREDENTIAL, ForgedCardError),
        (Fault.FORGED_KEY, ForgedCardError),
    ],
)
@pytest.mark.parametrize("reads", [entry.read, front.read])
def test_a_card_that_is_not_believed(
    pki: TestPki, lay: Lay, fault: Fault, error: type[CardError], reads: Callable[..., object]
) -> None:
    steps: list[Exchange] = []
    with pytest.raises(error) as raised:
        reads(desk(lay(faulty(pki, fault)), steps), CODE, roots(pki), NONCE)
    assert type(raised.value) is error
    if fault in {Fault.UNKNOWN_CA, Fault.FORGED_CV}:  # whoever cannot be checked is told no secret
        assert not any(step.sent.startswith("00 20") for step in steps)


@pytest.mark.parametrize("reads", [entry.read, front.read])
def test_the_secret_is_counted_and_forgotten(
    pki: TestPki, hanako: IsoCard, lay: Lay, reads: Callable[..., object]
) -> None:
    field = lay(hanako)
    with pytest.raises(PinWrongError) as wrong:
        reads(desk(field), "60040120940001", roots(pki), NONCE)
    assert wrong.value.tries_left == 9
    reads(desk(field), CODE, roots(pki), NONCE)
    assert not hanako._shown


def test_the_entry_pin_has_three_tries_and_keeps_the_last(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    left = []
    for _ in range(2):
        with pytest.raises(PinWrongError) as wrong:
            entry.read(desk(lay(hanako)), "9999", roots(pki), NONCE)
        left.append(wrong.value.tries_left)
    assert left == [2, 1]
    with pytest.raises(PinLastTryError):
        entry.read(desk(lay(hanako)), "1234", roots(pki), NONCE)
    assert entry.read(desk(lay(hanako)), "1234", roots(pki), NONCE, spend_last_try=True).attributes.sex == "2"


@pytest.mark.parametrize(
    "secret", ["", "123", "12345", "123456", "999999999990", "1234567890123", "123456789012345", "abcd"]
)
@pytest.mark.parametrize("reads", [entry.read, front.read])
def test_what_is_no_secret_is_not_sent(
    pki: TestPki, hanako: IsoCard, lay: Lay, reads: Callable[..., object], secret: str
) -> None:
    steps: list[Exchange] = []
    with pytest.raises(PinFormatError):
        reads(desk(lay(hanako), steps), secret, roots(pki), NONCE)
    assert steps == []


@pytest.mark.parametrize("kind", [Kind.OLD, Kind.ANDROID, Kind.BANK, Kind.EMPTY, Kind.PASSPORT])
@pytest.mark.parametrize("reads", [entry.read, front.read])
def test_other_cards_are_sent_no_secret(pki: TestPki, lay: Lay, kind: Kind, reads: Callable[..., object]) -> None:
    steps: list[Exchange] = []
    with pytest.raises(OtherCardError):
        reads(desk(lay(make(Plan(kind=kind), pki)), steps), CODE, roots(pki), NONCE)
    assert not any(step.sent.startswith("00 20") for step in steps)


def test_a_card_without_the_secret_says_blocked(pki: TestPki, lay: Lay) -> None:
    for reads, missing in ((entry.read, "entry/0015"), (front.read, "face/0012")):
        with pytest.raises(PinBlockedError):
            reads(desk(lay(faulty(pki, missing=frozenset({missing})))), CODE, roots(pki), NONCE)
    with pytest.raises(PinBlockedError):
        entry.read(desk(lay(faulty(pki, Fault.NO_PIN))), "1234", roots(pki), NONCE)


def issuer(pki: TestPki) -> cvc.CardIssuer:
    return cvc.check(pki.own.cv_root.certify(pki.own.card_issuer), roots(pki))


def test_somebody_else_s_genuine_signatures_do_not_fit(pki: TestPki) -> None:
    mine, other = (records.attributes(Plan(name=name)) for name in ("架空　花子", "架空　次郎"))
    signatures = records.attribute_signatures(other, pki.own.card_issuer)
    with pytest.raises(ForgedCardError, match="not the ones"):
        entry.believed_attributes(mine, signatures, issuer(pki))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_attributes_are_never_believed(pki: TestPki, data: st.DataObject) -> None:
    record = records.attributes(Plan())
    files = [bytearray(record), bytearray(records.attribute_signatures(record, pki.own.card_issuer))]
    damaged = data.draw(st.sampled_from(files))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CardError):
        entry.believed_attributes(bytes(files[0]), bytes(files[1]), issuer(pki))


@pytest.mark.parametrize("table", ["000E0020004A0054", "000E0020004A", "0020000E004A0055", ""])
def test_a_table_of_offsets_that_points_elsewhere_is_refused(pki: TestPki, table: str) -> None:
    """The table is not signed, so what it points at must be what was."""
    good = tlv.first(records.attributes(Plan()))
    fields = good.value[len(good.child(0xDF21).raw) :]
    record = tlv.write(0xFF20, tlv.write(0xDF21, bytes.fromhex(table)) + fields)
    with pytest.raises(NotReadableError, match="offsets"):
        entry.believed_attributes(record, records.attribute_signatures(good.raw, pki.own.card_issuer), issuer(pki))


# ---------------------------------------------------------------------------------------------- the front


def test_the_front_of_the_card_with_its_photo(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    read = front.read(desk(lay(hanako)), CODE, roots(pki), NONCE)
    assert (read.birth, read.sex, read.expires) == (date(1985, 4, 1), "2", date(2094, 4, 1))
    assert read.photo == records.PHOTO
    assert read.photo[4:8] == b"jP  "
    assert read.name.startswith(b"\x89PNG")
    assert read.address.startswith(b"\x89PNG")
    assert read.name != read.address
    assert rsa_holds(
        pki.keys.rsa("cards/990000000000001/face").public_key(), read.evidence.signature, read.evidence.message
    )
    assert b"jP  " not in repr(read).encode()


FRONT_TAGS = [0xDF22, 0xDF23, 0xDF24, 0xDF25, 0xDF26, 0xDF27, 0xDF28]


@pytest.mark.parametrize("tag", FRONT_TAGS, ids=lambda tag: f"{tag:04X}")
def test_each_of_the_three_digests_covers_its_part(pki: TestPki, hanako: IsoCard, lay: Lay, tag: int) -> None:
    shown = hanako.applications["face"].files[0x0002]
    assert isinstance(shown, Transparent)
    raw = tlv.first(shown.content).child(tag).raw
    at = shown.content.index(raw) + len(raw) - 1
    flipped = bytes((shown.content[at] ^ 1,))
    shown.content = shown.content[:at] + flipped + shown.content[at + 1 :]
    with pytest.raises(ForgedCardError):
        front.read(desk(lay(hanako)), CODE, roots(pki), NONCE)


def test_the_last_day_is_not_signed(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    """As on real cards: so nobody may rely on it, and `Front` says so."""
    shown = hanako.applications["face"].files[0x0002]
    assert isinstance(shown, Transparent)
    shown.content = shown.content.replace(b"20940401", b"20990401")
    assert front.read(desk(lay(hanako)), CODE, roots(pki), NONCE).expires == date(2099, 4, 1)


def test_digests_in_another_order_are_another_signature(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    """A signature over one plain digest of everything, as a library would make it, is none."""
    shown = hanako.applications["face"].files[0x0002]
    assert isinstance(shown, Transparent)
    body = tlv.first(shown.content)
    signed = b"".join(body.child(tag).raw for tag in FRONT_TAGS[:-1])
    shown.content = shown.content.replace(body.child(0xDF28).value, pki.own.card_issuer.sign(signed))
    with pytest.raises(ForgedCardError):
        front.read(desk(lay(hanako)), CODE, roots(pki), NONCE)


def test_a_large_photo_is_read_whole(pki: TestPki, lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = records.PHOTO + hashlib.sha256(b"grain").digest() * 300
    monkeypatch.setattr(records, "PHOTO", photo)
    assert front.read(desk(lay(faulty(pki))), CODE, roots(pki), NONCE).photo == photo


# ---------------------------------------------------------------------------------------------- the card manager


def test_the_card_manager_s_record_is_an_index_and_no_number(hanako: IsoCard, lay: Lay) -> None:
    steps: list[Exchange] = []
    record = isd.read(desk(lay(hanako), steps))
    assert record is not None
    assert (record.municipality, record.expires) == ("99999", date(2094, 4, 1))
    assert len(record.index) == 64
    assert "990000000000001" not in repr(record)
    by_common = common.read(Channel(lay(hanako)))
    assert by_common is not None
    assert by_common.index != record.index  # for two purposes, two names
    assert len(steps) == 4


def test_cards_without_a_manager_or_its_number_have_none(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    assert isd.read(desk(lay(make(Plan(kind=Kind.BANK), pki)))) is None
    assert hanako._manager is not None
    del hanako._manager.objects[0x45]
    assert isd.read(desk(lay(hanako))) is None


def test_an_older_card_says_its_number_only(hanako: IsoCard, lay: Lay) -> None:
    assert hanako._manager is not None
    for tag in (0xF0, 0xF2):
        del hanako._manager.objects[tag]
    record = isd.read(desk(lay(hanako)))
    assert record is not None
    assert (record.municipality, record.expires) == (None, None)


@pytest.mark.parametrize(("tag", "value"), [(0xF0, b"abc"), (0xF0, b"123456"), (0xF2, b"20261332")])
def test_a_manager_that_makes_no_sense_is_not_readable(hanako: IsoCard, lay: Lay, tag: int, value: bytes) -> None:
    assert hanako._manager is not None
    hanako._manager.objects[tag] = value
    with pytest.raises(NotReadableError):
        isd.read(desk(lay(hanako)))


def test_a_desk_s_evidence_is_for_its_own_purpose(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    read = entry.read(desk(lay(hanako)), CODE, roots(pki), NONCE)
    other = front.read(desk(lay(hanako)), CODE, roots(pki), NONCE)
    assert read.evidence.message != other.evidence.message
    assert replace(read.evidence, message=other.evidence.message).digest != read.evidence.digest
