"""Each parser with what it may raise, what must hold of what it returns, and good inputs to begin from.

A target takes any bytes and returns; whatever it raises is a finding. `seeds` are good or nearly good: noise that was
made from them gets further than noise from nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.card import CardError, Trust, cvc, identify, paper, service_pass, tlv
from drivers.card.apdu import Command
from drivers.card.identify import identify_code
from drivers.card.jpki import certificates, crl, holder
from drivers.card.jpki.certificates import Purpose
from drivers.card.paper import Kind, Paper
from drivers.card.service_pass import credential
from drivers.card.service_pass.credential import Credential
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.tlv import TlvError
from drivers.card.tokens import phone, printed
from drivers.gps import _nmea
from drivers.gps._receiver import Receiver
from drivers.keystore.sim import Driver as Keystore
from drivers.reader import _air, _iso_dep, _limits
from drivers.scanner import crc16, parse
from drivers.scanner._ear import Ear
from programs.coin import evidence
from programs.coin.codes import cpm, mpm, receipt
from programs.coin.codes.errors import CodeError
from programs.coin.papers import CoinPapers
from programs.visits.entries import Touch
from sync import by_hand, chain, facts, messages, segment
from sync.by_hand import ByHandError
from sync.chain import PublicKey
from sync.entries import Entry, EntryError, EntryId, encode
from sync.facts import Enrolled, Key
from sync.messages import MessageError
from sync.segment import Segment, SegmentError
from sync.twin import SUITE
from tests.fuzz.conversation import Chatter, Recorder, packed

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NONCE = bytes(range(32))
REGISTER = facts.register((Touch,))
NETWORK = "jp.example.todai"
AT_UNIT, AT_BOOT = "lib01", "9f3c0a1b22d4e5f6"


@dataclass(frozen=True)
class Target:
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def targets(folder: Path) -> dict[str, Target]:
    """Return every target by name; keys are made in the folder, once."""
    pki = TestPki(folder)
    return _card_targets(pki) | _reader_targets() | _device_targets() | _sync_targets() | _coin_targets(pki)


# ---------------------------------------------------------------------------------------------- cards


def _card_targets(pki: TestPki) -> dict[str, Target]:
    trust = pki.trust()
    conversations = _conversations(pki, trust)
    written = [answer[:-2] for conversation in conversations for answer in conversation if answer[:1] in b"\x7f\xff0"]
    own = pki.own
    authority = own.authentication.certificate.public_bytes(Encoding.DER)
    revoked = own.authentication.revoke({4711: NOW.date()}, NOW.date(), NOW.date().replace(year=2027))
    talks = tuple(packed(conversation) for conversation in conversations)
    return {
        "apdu responses": Target(lambda noise: _talk(noise, trust, None), talks),
        "apdu responses, with a pin": Target(lambda noise: _talk(noise, trust, "1234"), talks),
        "apdu commands": Target(_command, (bytes.fromhex("00A4040C0AD392F000260100000001"), bytes(7))),
        "ber-tlv": Target(_tlv, tuple(written)),
        "cv certificates": Target(
            lambda noise: _may(CardError, lambda: cvc.check(noise, trust.cv_roots)),
            (own.cv_root.certify(own.card_issuer),),
        ),
        "pass credentials": Target(
            lambda noise: _may(CardError, lambda: service_pass.check(noise, trust.pass_issuers, NOW)), _passes(pki)
        ),
        "x.509 certificates": Target(lambda noise: _certificate(noise, trust), (authority, *written)),
        "revocation lists": Target(
            lambda noise: _may(CardError, lambda: crl.load(noise, trust.jpki_authorities)),
            (revoked.public_bytes(Encoding.DER),),
        ),
        "printed and phone codes": Target(
            lambda noise: _may(CardError, lambda: identify_code(noise.decode("latin-1"), trust, NOW)),
            _codes(pki),
        ),
    }


def _conversations(pki: TestPki, trust: Trust) -> list[list[bytes]]:
    found = []
    for pin in (None, "1234"):
        recorder = Recorder(make(Plan(pki=str(pki.folder)), pki))
        identify(recorder, NONCE, trust, NOW, pin)
        found.append(recorder.answers)
    return found


def _passes(pki: TestPki) -> tuple[bytes, ...]:
    """Return a credential of each kind of key, well signed."""
    days = NOW.date().replace(year=2025), NOW.date().replace(year=2027)
    keys = pki.keys.p256("cards/fuzz/pass").public_key(), pki.keys.rsa("cards/fuzz/pass-rsa").public_key()
    said = (Credential(pki.own.pass_issuer, bytes(range(16)), *days, key) for key in keys)
    return tuple(credential.issue(each, pki.own.pass_key) for each in said)


def _codes(pki: TestPki) -> tuple[bytes, ...]:
    """Return a printed code, well signed."""
    days = NOW.date().replace(year=2025), NOW.date().replace(year=2027)
    return (printed.make(Paper(Kind.PRINTED, pki.own.pass_issuer, bytes(range(8)), *days), pki.own.pass_key).encode(),)


def _talk(noise: bytes, trust: Trust, pin: str | None) -> None:
    _may(CardError, lambda: identify(Chatter(noise), NONCE, trust, NOW, pin))


def _command(noise: bytes) -> None:
    try:
        command = Command.parse(noise)
    except ValueError:
        return
    assert Command.parse(command.encode()) == command
    assert len(command.data) < len(noise)


def _tlv(noise: bytes) -> None:
    """Objects lie behind each other within the bytes, and nothing behind the first one changes it."""
    _may(TlvError, lambda: tlv.parse_simple(noise))
    _may(TlvError, lambda: _walk(tlv.parse(noise), noise))
    try:
        first = tlv.first(noise)
    except TlvError:
        return
    start = noise.lstrip(b"\0")
    length = tlv.total_length(start)
    assert start[:length] == first.raw
    if first.raw.strip(b"\0\xff"):  # or it could be filler, if nothing stood behind it
        assert tlv.first(first.raw) == first


def _walk(objects: list[tlv.Tlv], within: bytes) -> None:
    at = 0
    for each in objects:
        found = within.find(each.raw, at)
        assert found >= at
        assert each.raw.endswith(each.value)
        at = found + len(each.raw)
        _may(TlvError, lambda each=each: _walk(each.children(), each.value))  # type: ignore[misc]


def _certificate(noise: bytes, trust: Trust) -> None:
    try:
        certificate = certificates.load(noise)
    except CardError:
        return
    _may(CardError, lambda: holder.holder(certificate))
    authorities, policies = trust.jpki_authorities, trust.jpki_policies
    _may(CardError, lambda: certificates.believe(certificate, authorities, NOW, policies, Purpose.AUTHENTICATION))


# ---------------------------------------------------------------------------------------------- readers and devices


class _Air:
    """An antenna before a card that says what the bytes hold, one block at a time."""

    frame_max = 256

    def __init__(self, noise: bytes) -> None:
        self._blocks = iter([noise[at + 1 : at + 1 + noise[at] % 20] for at in range(0, len(noise), 8)])

    def find(self) -> _air.Found | None:
        return None

    def exchange(self, frame: bytes, seconds: float) -> bytes:
        del frame, seconds
        block = next(self._blocks, None)
        if block is None:
            raise _iso_dep.NoAnswerError
        return block


def _wake(noise: bytes) -> None:
    heard = (_iso_dep.NoAnswerError, _iso_dep.GarbledError, _iso_dep.TooSlowError)
    for kind, greeting in ((_air.Kind.A, b"\x20"), (_air.Kind.B, b"\x50" + noise[:11])):
        radio = _Air(noise)
        try:
            tag = _air.activate(radio, _air.Found(kind, noise[:4], greeting))
            assert len(tag.atr) <= 33
            answer = tag.transmit(bytes(40), 0.5)
        except heard:
            continue
        assert len(answer) <= len(noise) * 3


def _announced(noise: bytes) -> None:
    assert sum(map(len, _limits.properties(noise).values())) <= len(noise)
    _limits.command_max("any", noise)


def _reader_targets() -> dict[str, Target]:
    ats = bytes.fromhex("0C788080020102030405060708")
    return {
        "cards in the air": Target(_wake, (ats + bytes.fromhex("0302900003039000"), bytes.fromhex("F201A20212"))),
        "reader properties": Target(_announced, (bytes.fromhex("12040033001200"), bytes.fromhex("0A0400000100"))),
    }


def _scan(noise: bytes) -> None:
    parse(noise)
    ear = Ear()
    for at, number in enumerate(range(0, len(noise), 7)):
        ear.hear(noise[number : number + 7], at * 0.05)
    ear.silence(1e6)


def _receive(noise: bytes) -> None:
    _may(_nmea.BadSentenceError, lambda: _nmea.read(noise))
    receiver = Receiver(60.0)
    for at, number in enumerate(range(0, len(noise), 11)):
        receiver.hear(noise[number : number + 11], at * 0.1)
    receiver.silence(1e6)


def _device_targets() -> dict[str, Target]:
    return {
        "scanned codes": Target(
            _scan,
            (
                b"]Q3\x1d01049123456789041726123110ABC\r\n",
                "\u307e\u3061".encode("cp932") + b"\r",
                b"00020101021226\r\n",
            ),
        ),
        "nmea": Target(
            _receive,
            (
                b"$GPGGA,092750.000,3540.8763,N,13945.1234,E,1,8,1.03,61.7,M,55.2,M,,*76\r\n",
                b"$GPRMC,092750.000,A,3540.8763,N,13945.1234,E,0.02,31.66,231126,,,A*57\r\n",
            ),
        ),
    }


# ---------------------------------------------------------------------------------------------- sync


def _sync_targets() -> dict[str, Target]:
    keystore = Keystore()
    touch = Touch(card="0" * 32, place="library", day=20_780, proof="card")
    bodies = tuple(encode(Entry(AT_UNIT, AT_BOOT, seq, 1_795_392_000_000 + seq, touch)) for seq in range(1, 4))
    sealed = chain.seal(keystore, chain.links(chain.ORIGIN, bodies)[-1])
    text = segment.to_text(Segment(AT_UNIT, AT_BOOT, 1, chain.ORIGIN, bodies, sealed))
    time = messages.sign(messages.TownTime(nonce="AAAA", at=1_795_392_000_000), keystore)
    return {
        "entries": Target(_entry, bodies),
        "segments": Target(_segment, (text,)),
        "packed segments": Target(lambda noise: _may(SegmentError, lambda: _unpacked(noise)), (segment.pack(text),)),
        "usb sticks": Target(lambda noise: _may(SegmentError, lambda: segment.split(noise)), (text + text,)),
        "messages": Target(lambda noise: _message(noise, keystore.public), (time,)),
        **_by_hand_targets(keystore),
    }


def _by_hand_targets(town: Keystore) -> dict[str, Target]:
    """Return what a courier may bring to the office, and to a unit."""
    key = X25519PrivateKey.from_private_bytes(NONCE)
    answer_to, unit = messages.text(key.public_key().public_bytes_raw()), Keystore(Keystore.Options(AT_UNIT))
    request = messages.EnrolRequest(AT_UNIT, "CODE", messages.text(unit.public), "csr", messages.text(bytes(64)))
    proof = messages.text(unit.sign(by_hand.answer_proof(request, answer_to)))
    inside = by_hand.Asked(request, answer_to, proof)
    asked = by_hand.seal_request("todai", key.public_key().public_bytes_raw(), inside)
    given = messages.Enrolment("todai", AT_UNIT, 1, "", "", messages.text(town.public), "AAAA", ())
    answer = by_hand.seal_answer(given, asked, answer_to, 1_795_392_000_000, town)
    opened = by_hand.read_request(asked)
    return {
        "requests by hand": Target(
            lambda noise: _may(ByHandError, lambda: by_hand.open_request(noise, "todai", key)), (asked,)
        ),
        "what is sealed in requests": Target(lambda noise: _inside(noise, opened, key), (msgspec.json.encode(inside),)),
        "answers by hand": Target(lambda noise: _answer(noise, town.public, key), (answer,)),
    }


def _inside(noise: bytes, outside: by_hand.Request, key: X25519PrivateKey) -> None:
    """Whoever has a ticket can seal anything."""
    about = b"machitap/request/1\0todai\0" + AT_UNIT.encode()
    sealed = messages.text(SUITE.encrypt(noise, key.public_key(), about))
    raw = msgspec.json.encode(msgspec.structs.replace(outside, sealed=sealed))
    _may(ByHandError, lambda: by_hand.open_request(raw, "todai", key))


def _answer(noise: bytes, town: bytes, key: X25519PrivateKey) -> None:
    """Also of a town that would sign anything."""
    for check in (chain.check_signature, lambda _key, _message, _seal: None):
        try:
            found = by_hand.read_answer(noise, town, check)
        except ByHandError:
            continue
        _may(ByHandError, lambda found=found: by_hand.open_answer(found, key))  # type: ignore[misc]


def _entry(noise: bytes) -> None:
    _may(EntryError, lambda: EntryId.parse(noise.decode("latin-1")))
    try:
        entry = REGISTER.decode(noise)
    except EntryError:
        return
    assert encode(entry) == noise


def _segment(noise: bytes) -> None:
    try:
        found = segment.from_text(noise)
    except SegmentError:
        return
    assert segment.to_text(found) == noise
    _may(EntryError, lambda: found.entries(REGISTER))


def _unpacked(noise: bytes) -> None:
    assert len(segment.unpack(noise)) <= segment.TEXT_MAX_BYTES


def _message(noise: bytes, key: bytes) -> None:
    for kind in (messages.TownTime, messages.Holdings):
        _may(MessageError, lambda kind=kind: messages.open_signed(noise, kind, key))  # type: ignore[misc]
    _may(MessageError, lambda: messages.raw_bytes(noise.decode("latin-1")))


# ---------------------------------------------------------------------------------------------- coin


def _coin_targets(pki: TestPki) -> dict[str, Target]:
    days = NOW.date().replace(year=2025), NOW.date().replace(year=2027)
    key = Ed25519PrivateKey.from_private_bytes(NONCE)
    phones = Paper(Kind.PHONE, pki.own.pass_issuer, bytes(range(8)), *days, key.public_key().public_bytes_raw())
    shown = phone.make(paper.issue(phones, pki.own.pass_key), key, NOW)
    shop = mpm.Code(place="bakery", category="5462", name="BAKERY", city="TODAICHO", name_ja="パン屋", postal="9390000")
    bill = mpm.Code(place="bakery", category="5462", name="BAKERY", city="TODAICHO", yen=1280, bill="42", terminal="1")
    paid = receipt.Receipt(EntryId(AT_UNIT, AT_BOOT, 1), bytes(receipt.HASH_BYTES), bytes(receipt.SEAL_BYTES))
    texts = (mpm.write(shop, NETWORK), mpm.write(bill, NETWORK), cpm.write(shown), receipt.write(paid))
    trust, town = pki.trust(), Keystore()
    return {
        "payment codes": Target(lambda noise: _payment(noise, trust), tuple(text.encode() for text in texts)),
        "files of unit keys": Target(lambda noise: _keys(noise, PublicKey(town.public)), (_statements(town),)),
    }


def _statements(town: Keystore) -> bytes:
    """Return a town's statement of which key a unit has, well signed."""
    let_in = Enrolled(AT_UNIT, 1, Key(chain.ALG, messages.text(town.public)))
    body = encode(Entry(f"to-{AT_UNIT}", AT_BOOT, 1, 1_795_392_000_000, let_in))
    sealed = chain.seal(town, chain.link(chain.ORIGIN, body))
    return segment.to_text(Segment(f"to-{AT_UNIT}", AT_BOOT, 1, chain.ORIGIN, (body,), sealed))


def _keys(noise: bytes, town: PublicKey) -> None:
    """Also with whatever was altered signed anew: a town that was broken into must not break the checker."""
    _may(CodeError, lambda: evidence.keys_in(noise, town, REGISTER))
    believing = PublicKey(town.raw, lambda _key, _message, _seal: None)
    try:
        found = evidence.keys_in(noise, believing, REGISTER)
    except CodeError:
        return
    assert all(key.unit for key in found)


def _payment(noise: bytes, trust: Trust) -> None:
    """A shop's code also with the checksum put right, or noise would not get far."""
    text = noise.decode("utf-8", "replace")
    summed = f"{text[:-4]}{crc16(text[:-4].encode()):04X}"
    for spelling in (text, summed):
        _may(CodeError, lambda spelling=spelling: mpm.read(spelling, NETWORK))  # type: ignore[misc]
    _may(CodeError, lambda: cpm.read(text))
    _may(CodeError, lambda: receipt.read(text))
    _may(CardError, lambda: identify_code(CoinPapers().spelled(text), trust, NOW))


def _may(allowed: type[Exception], call: Callable[[], object]) -> None:
    try:
        call()
    except allowed:
        return
