"""Tags and codes: what each proves, what it does not, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from drivers.card import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    Fresh,
    NotReadableError,
    OtherCardError,
    Proof,
    StaleCodeError,
    Trust,
    TrustError,
    UnknownCardError,
    UnknownIssuerError,
    identify,
    identify_code,
    paper,
    service_pass,
    trust_folder,
)
from drivers.card.channel import Channel
from drivers.card.paper import Paper
from drivers.card.service_pass import credential
from drivers.card.sim import tags
from drivers.card.sim.issue import make
from drivers.card.sim.others import OddCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Kind, Plan
from drivers.card.tokens import code, phone, printed, sun
from drivers.card.tokens.sun import SunProfile
from drivers.reader import Field

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NONCE = bytes(range(32))
Lay = Callable[..., Field]
NUMBER = bytes.fromhex("0102030405060708")


def plan(kind: Kind, **more: object) -> Plan:
    return Plan(kind=kind, **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- bare numbers


@pytest.mark.parametrize(("kind", "profile", "size"), [(Kind.TAG, "type_a", 7), (Kind.TRANSIT, "felica", 8)])
def test_a_number_is_read_and_proves_nothing(pki: TestPki, lay: Lay, kind: Kind, profile: str, size: int) -> None:
    for order in ((profile,), ("pass", "face", profile)):
        presented = identify(lay(make(plan(kind), pki)), NONCE, pki.trust(order), NOW)
        assert (presented.profile, presented.proof, presented.fresh) == (profile, Proof.NONE, Fresh.COPY)
        assert len(bytes.fromhex(presented.identifier)) == size
        assert presented.evidence is None


def test_where_the_town_does_not_take_them_they_are_other_cards(pki: TestPki, lay: Lay) -> None:
    for kind, called, order in ((Kind.TAG, "tag", ("felica",)), (Kind.TRANSIT, "transit", ("type_a", "pass"))):
        with pytest.raises(OtherCardError) as other:
            identify(lay(make(plan(kind), pki)), NONCE, pki.trust(order), NOW)
        assert other.value.kind == called


def test_a_my_number_card_s_number_in_the_air_is_never_taken(pki: TestPki, lay: Lay) -> None:
    """Four bytes, perhaps drawn anew each time: nothing to know a card by."""
    with pytest.raises(CardError):
        identify(lay(make(Plan(), pki)), NONCE, pki.trust(("type_a", "felica")), NOW)


STORAGE_A = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
CHIP = bytes.fromhex("3B80800101")


@pytest.mark.parametrize(
    ("atr", "number", "taken"),
    [
        (STORAGE_A, "04112233445566", True),
        (STORAGE_A, "01020304", True),
        (STORAGE_A, "08020304", False),  # drawn at random
        (STORAGE_A, "00000000000000", False),
        (STORAGE_A, "0102030405", False),
        (STORAGE_A, "", False),
        (CHIP, "04112233445566", True),  # a chip of type A
        (CHIP, "01020304", False),  # perhaps type B
        (CHIP, "0102030405060708", False),
    ],
)
def test_which_numbers_are_taken(pki: TestPki, lay: Lay, atr: bytes, number: str, taken: bool) -> None:
    card = OddCard(atr, lambda _: b"\x6d\x00", bytes.fromhex(number))
    try:
        presented = identify(lay(card), NONCE, pki.trust(("type_a",)), NOW)
    except OtherCardError:
        assert not taken
        return
    assert taken
    assert presented.identifier == number


# ---------------------------------------------------------------------------------------------- the tag with a counter


def test_the_published_example() -> None:
    """AN12196, 3.4.2 and 3.4.4.2: keys of zeros, and no data under the MAC."""
    text = "https://www.my424dna.com/?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"
    said = sun.check(text, SunProfile(bytes(16), lambda _: bytes(16)))
    assert said == sun.Sun(bytes.fromhex("04DE5F1EACC040"), 61)


def test_the_published_diversification() -> None:
    """AN10922, 2.2.1: AES-128."""
    master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    town = bytes.fromhex("3042F5") + b"NXP Abu"
    key = sun.diversified(master, bytes.fromhex("04782E21801D80"), town)
    assert key.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


def test_a_tag_shows_each_reading_once(pki: TestPki, lay: Lay) -> None:
    seen: dict[str, int] = {}
    trust = replace(pki.trust(("sun",)), last_counter=seen.get)
    tag = make(plan(Kind.SUN_TAG, counter=40), pki)
    for expected in (41, 42, 43):
        presented = identify(lay(tag), NONCE, trust, NOW)
        assert (presented.profile, presented.proof, presented.fresh) == ("sun", Proof.TOKEN, Fresh.COUNTER)
        assert presented.identifier == tags.uid_of(plan(Kind.SUN_TAG)).hex()
        assert presented.counter == expected
        seen[presented.identifier] = expected
    for stands in (41, 42):  # shown again, or a copy that lags behind
        with pytest.raises(StaleCodeError):
            identify(lay(make(plan(Kind.SUN_TAG, counter=stands), pki)), NONCE, trust, NOW)


def address(counter: int = 1) -> str:
    tag = tags.make(plan(Kind.SUN_TAG, counter=counter - 1))
    tag.power_on()
    for command in ("00A4040C07D2760000850101", "00A4020C02E104"):
        assert tag.transmit(bytes.fromhex(command)) == b"\x90\x00"
    return tag.transmit(bytes.fromhex("00B0000000"))[:-2].decode("ascii", "replace")


def test_what_the_tag_writes_is_its_own(pki: TestPki) -> None:
    del pki
    profile, text = tags.profile(), address()
    assert sun.check(text, profile).counter == 1
    mac = text[-16:]
    with pytest.raises(ForgedCardError):
        sun.check(text.replace(mac, f"{int(mac, 16) ^ 1:016X}"), profile)
    with pytest.raises(ForgedCardError):  # another tag's key
        sun.check(text, replace(profile, mac_key=lambda _: bytes(16)))
    with pytest.raises(UnknownCardError):
        sun.check(text, replace(profile, mac_key=lambda _: None))
    with pytest.raises(UnknownCardError):  # another town's tag: it opens to nonsense
        sun.check(text, replace(profile, open_key=bytes(16)))
    with pytest.raises(ForgedCardError):  # the counter of one reading, the MAC of another
        sun.check(address(7)[:-16] + mac, profile)


@pytest.mark.parametrize("text", ["", "https://town.example/", "?picc_data=00&cmac=00", "?cmac=" + "0" * 16])
def test_an_address_that_says_nothing(text: str) -> None:
    with pytest.raises(NotReadableError):
        sun.check(text, tags.profile())


def test_a_tag_without_its_file_is_not_readable(pki: TestPki, lay: Lay) -> None:
    tag = tags.make(plan(Kind.SUN_TAG))
    del tag.applications["tag"].files[0xE104]
    with pytest.raises(NotReadableError):
        identify(lay(tag), NONCE, pki.trust(("sun",)), NOW)


def test_keys_of_tags_do_not_show() -> None:
    assert "open_key" not in repr(tags.profile())


def test_the_keys_of_tags_lie_in_the_trust_folder(pki: TestPki, lay: Lay, tmp_path: Path) -> None:
    trust_folder.save(pki.trust(("sun",)), tmp_path)
    with pytest.raises(TrustError, match=r"open\.key"):
        trust_folder.load(tmp_path)
    profile, uid = tags.profile(), tags.uid_of(plan(Kind.SUN_TAG))
    mac_key = profile.mac_key(uid)
    assert mac_key is not None
    (tmp_path / "sun").mkdir()
    (tmp_path / "sun" / "open.key").write_text(profile.open_key.hex())
    with pytest.raises(TrustError, match=r"can be read by others; say: chmod 600 .*/open\.key"):
        trust_folder.load(tmp_path)
    (tmp_path / "sun" / "open.key").chmod(0o600)
    trust = trust_folder.load(tmp_path)
    with pytest.raises(UnknownCardError):
        identify(lay(make(plan(Kind.SUN_TAG), pki)), NONCE, trust, NOW)
    (tmp_path / "sun" / f"{uid.hex().upper()}.key").write_text(mac_key.hex() + "\n")
    (tmp_path / "sun" / f"{uid.hex().upper()}.key").chmod(0o600)
    assert identify(lay(make(plan(Kind.SUN_TAG), pki)), NONCE, trust, NOW).proof is Proof.TOKEN
    (tmp_path / "sun" / "open.key").write_text("short")
    with pytest.raises(TrustError, match=r"open\.key"):
        trust_folder.load(tmp_path)


def test_the_order_and_the_keys_go_together() -> None:
    with pytest.raises(TrustError, match="sun"):
        Trust(order=("sun",))
    with pytest.raises(TrustError, match="sun"):
        Trust(sun=tags.profile())


# ---------------------------------------------------------------------------------------------- printed codes


def said(**more: object) -> Paper:
    usual: dict[str, object] = {
        "kind": paper.Kind.PRINTED, "issuer": "TEST-town.1", "number": NUMBER,
        "begins": date(2026, 4, 1), "ends": date(2027, 3, 31),
    }  # fmt: skip
    return Paper(**(usual | more))  # type: ignore[arg-type]


def test_a_printed_code_is_the_town_s_and_a_photograph_does_as_well(pki: TestPki) -> None:
    text = printed.make(said(), pki.own.pass_key)
    assert len(text) <= 150
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")  # a QR code's alphanumeric mode
    presented = identify_code(text + "\r\n", pki.trust(), NOW)
    assert (presented.profile, presented.proof, presented.fresh) == ("printed", Proof.TOKEN, Fresh.COPY)
    assert (presented.identifier, presented.issuer, presented.expires) == (
        NUMBER.hex(),
        "TEST-town.1",
        date(2027, 3, 31),
    )
    assert identify_code(text, pki.trust(), None).time_checked is False


def test_a_printed_code_is_held_against_days_and_issuers(pki: TestPki) -> None:
    text = printed.make(said(), pki.own.pass_key)
    for now, error in (
        (datetime(2027, 4, 1, tzinfo=UTC), ExpiredCardError),
        (datetime(2026, 3, 1, tzinfo=UTC), ClockDoubtError),
    ):
        with pytest.raises(error):
            identify_code(text, pki.trust(), now)
    with pytest.raises(UnknownIssuerError):
        identify_code(text, Trust(), NOW)
    with pytest.raises(ForgedCardError):
        identify_code(printed.make(said(), pki.stranger.pass_key), pki.trust(), NOW)
    with pytest.raises(ValueError, match="zone"):
        identify_code(text, pki.trust(), datetime(2026, 11, 23))  # noqa: DTZ001


def test_a_signature_for_a_pass_makes_no_code(pki: TestPki) -> None:
    """One key, several purposes: the words in front of what is signed keep them apart."""
    body = said().body()
    text = code.to_text(body + pki.own.pass_key.sign(b"machitap/pass-credential/1\0" + body))
    with pytest.raises(ForgedCardError):
        identify_code(text, pki.trust(), NOW)
    as_phone = paper.issue(said(kind=paper.Kind.PHONE, key=bytes(32)), pki.own.pass_key)
    with pytest.raises((ForgedCardError, NotReadableError)):
        identify_code(code.to_text(b"\x01" + as_phone[1:]), pki.trust(), NOW)


@given(st.data())
def test_a_damaged_code_is_never_believed(pki: TestPki, data: st.DataObject) -> None:
    text = printed.make(said(), pki.own.pass_key)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
    if other != text[at]:
        with pytest.raises(CardError):
            identify_code(text[:at] + other + text[at + 1 :], pki.trust(), NOW)


@given(st.binary(max_size=300))
def test_text_and_bytes_are_the_same(data: bytes) -> None:
    assert code.from_text(code.to_text(data)) == data


def test_base_45_as_published() -> None:
    """RFC 9285, 4.3."""
    for data, text in ((b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581")):
        assert code.to_text(data) == "MACHI1:" + text


@given(st.text(max_size=80))
def test_noise_is_no_code(noise: str) -> None:
    for text in (noise, "MACHI1:" + noise):
        with pytest.raises(CardError):
            identify_code(text, Trust(), NOW)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"issuer": "town"}, "issuer"),
        ({"number": b"short"}, "8 and 0 bytes"),
        ({"key": bytes(32)}, "8 and 0 bytes"),
        ({"begins": date(1999, 12, 31)}, "day"),
        ({"ends": date(2179, 6, 7)}, "day"),
        ({"kind": paper.Kind.PHONE, "key": bytes(32)}, "phone"),
    ],
)
def test_what_cannot_be_printed(pki: TestPki, more: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        printed.make(said(**more), pki.own.pass_key)


def test_a_pass_is_no_code_and_a_code_no_pass(pki: TestPki) -> None:
    """What the town has signed as one kind is taken for no other, whoever carries it where."""
    key = pki.keys.p256("cards/990000000000001/pass").public_key()
    as_pass = credential.issue(
        credential.Credential("TEST-town.1", bytes(16), date(2026, 4, 1), date(2027, 3, 31), key), pki.own.pass_key
    )
    with pytest.raises(NotReadableError, match="pass"):
        identify_code(code.to_text(as_pass), pki.trust(), NOW)
    issuers = {"TEST-town.1": pki.own.pass_key.public_key()}
    for more in ({}, {"kind": paper.Kind.PHONE, "key": bytes(32)}):
        with pytest.raises(NotReadableError, match="code"):
            service_pass.check(paper.issue(said(**more), pki.own.pass_key), issuers, NOW)


# ---------------------------------------------------------------------------------------------- a phone's code


@pytest.fixture
def handset(pki: TestPki) -> tuple[bytes, Ed25519PrivateKey]:
    """A phone with its paper from the town and its key."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return paper.issue(said(kind=paper.Kind.PHONE, key=key.public_key().public_bytes_raw()), pki.own.pass_key), key


def test_a_phone_s_code_is_good_for_a_minute(pki: TestPki, handset: tuple[bytes, Ed25519PrivateKey]) -> None:
    text = phone.make(*handset, NOW)
    presented = identify_code(text, pki.trust(), NOW + timedelta(seconds=30))
    assert (presented.profile, presented.proof, presented.fresh) == ("phone", Proof.TOKEN, Fresh.WINDOW)
    assert presented.evidence is not None
    assert presented.counter == int(NOW.timestamp())
    for away in (-61, 61, 86_400):
        with pytest.raises(StaleCodeError):
            identify_code(text, pki.trust(), NOW + timedelta(seconds=away))


def test_without_a_clock_a_phone_s_code_is_worth_a_photograph(
    pki: TestPki, handset: tuple[bytes, Ed25519PrivateKey]
) -> None:
    presented = identify_code(phone.make(*handset, NOW - timedelta(days=3)), pki.trust(), None)
    assert (presented.fresh, presented.time_checked) == (Fresh.COPY, False)


@pytest.mark.parametrize("now", [NOW, None])
def test_a_phone_s_code_counts_once_at_a_unit(
    pki: TestPki, handset: tuple[bytes, Ed25519PrivateKey], now: datetime | None
) -> None:
    seen: dict[str, int] = {}
    trust = replace(pki.trust(), last_counter=seen.get)
    text = phone.make(*handset, NOW)
    presented = identify_code(text, trust, now)
    assert presented.counter is not None
    seen[presented.identifier] = presented.counter
    with pytest.raises(StaleCodeError):
        identify_code(text, trust, now)
    with pytest.raises(StaleCodeError):
        identify_code(phone.make(*handset, NOW - timedelta(seconds=5)), trust, now)
    assert identify_code(phone.make(*handset, NOW + timedelta(seconds=5)), trust, now).identifier == NUMBER.hex()


def test_another_phone_cannot_show_it(pki: TestPki, handset: tuple[bytes, Ed25519PrivateKey]) -> None:
    with pytest.raises(ForgedCardError):
        identify_code(phone.make(handset[0], Ed25519PrivateKey.generate(), NOW), pki.trust(), NOW)
    for cut in (1, 64, 69, 100):
        shown = code.from_text(phone.make(*handset, NOW))[:-cut]
        with pytest.raises(CardError):
            identify_code(code.to_text(shown), pki.trust(), NOW)


def test_a_phone_s_paper_runs_out(pki: TestPki, handset: tuple[bytes, Ed25519PrivateKey]) -> None:
    later = datetime(2027, 4, 1, tzinfo=UTC)
    with pytest.raises(ExpiredCardError) as error:
        identify_code(phone.make(*handset, later), pki.trust(), later)
    assert type(error.value) is ExpiredCardError


def test_a_channel_asks_the_reader_and_nothing_else(pki: TestPki, lay: Lay) -> None:
    channel = Channel(lay(make(plan(Kind.TAG), pki)))
    from drivers.card import commands  # noqa: PLC0415

    assert channel.exchange(commands.get_uid()).ok
