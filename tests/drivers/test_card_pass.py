"""The service pass in all that a town may order: other keys, terminals that prove themselves, a memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key

from drivers.card import (
    CardError,
    ForgedCardError,
    PassProfile,
    Proof,
    TerminalRefusedError,
    Trust,
    TrustError,
    identify,
    service_pass,
    trust_folder,
)
from drivers.card.channel import Channel, Exchange
from drivers.card.memory import Memory
from drivers.card.proofs import message, p256_holds, rsa_holds
from drivers.card.service_pass import mutual
from drivers.card.service_pass.mutual import Terminal, TerminalCertificate
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Transparent
from drivers.card.sim.pass_applet import TERMINAL_KEY
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Plan
from drivers.reader import Field

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
SELECT = "00A4040C0AF06D6163686974617001"
Lay = Callable[..., Field]


def rsa_plan(*faults: Fault) -> Plan:
    return Plan(pass_key="rsa2048", faults=frozenset(faults))  # noqa: S106 - a kind of key


def asks(pki: TestPki, terminal: Terminal | None = None) -> Trust:
    """A unit whose town's passes want to know who is asking."""
    return replace(
        pki.trust(("pass",)), pass_profile=PassProfile(terminal_key=TERMINAL_KEY), terminal=terminal or pki.terminal()
    )


def mutual_card(pki: TestPki, *faults: Fault) -> IsoCard:
    card = make(Plan(pass_mutual=True, faults=frozenset(faults)), pki)
    assert isinstance(card, IsoCard)
    return card


# ---------------------------------------------------------------------------------------------- RSA


def test_an_rsa_pass_proves_itself(pki: TestPki, lay: Lay) -> None:
    presented = identify(lay(make(rsa_plan(), pki)), NONCE, pki.trust(("pass",)), NOW)
    assert (presented.profile, presented.proof) == ("pass", Proof.CARD)
    evidence = presented.evidence
    assert evidence is not None
    assert evidence.algorithm == "rsa-pkcs1-sha256"
    key = load_der_public_key(evidence.public_key)
    assert isinstance(key, RSAPublicKey)
    assert rsa_holds(key, evidence.signature, message(service_pass.PROOF_PURPOSE, NONCE))


@pytest.mark.parametrize("fault", [Fault.FORGED_KEY, Fault.FORGED_CREDENTIAL])
def test_a_forged_rsa_pass(pki: TestPki, lay: Lay, fault: Fault) -> None:
    with pytest.raises(ForgedCardError):
        identify(lay(make(rsa_plan(fault), pki)), NONCE, pki.trust(("pass",)), NOW)


# ---------------------------------------------------------------------------------------------- the memory


def test_a_known_card_is_read_by_its_beginning(pki: TestPki, lay: Lay) -> None:
    trust = replace(pki.trust(("pass",)), pass_profile=PassProfile(first_bytes=112), memory=Memory())
    reads, seen = [], set()
    for _ in range(2):
        steps: list[Exchange] = []
        presented = identify(lay(make(rsa_plan(), pki)), NONCE, trust, NOW, trace=steps.append)
        seen.add((presented.identifier, presented.expires, presented.proof))
        reads.append([step.received_bytes - 2 for step in steps if step.sent.startswith("00 B0")])
    assert len(seen) == 1
    assert reads == [[112, 241], [112]]


def test_what_is_remembered_is_checked_like_what_is_read(pki: TestPki, lay: Lay) -> None:
    memory = Memory()
    trust = replace(pki.trust(("pass",)), pass_profile=PassProfile(first_bytes=112), memory=memory)
    identify(lay(make(rsa_plan(), pki)), NONCE, trust, NOW)
    with pytest.raises(ForgedCardError):  # a copy of the file without the key
        identify(lay(make(rsa_plan(Fault.FORGED_KEY), pki)), NONCE, trust, NOW)
    with pytest.raises(CardError, match="ended"):
        identify(lay(make(rsa_plan(), pki)), NONCE, trust, datetime(2095, 1, 1, tzinfo=UTC))
    with pytest.raises(CardError, match="do not know"):  # the issuer's key was withdrawn
        identify(lay(make(rsa_plan(), pki)), NONCE, replace(trust, pass_issuers={}), NOW)


def test_a_card_that_is_not_proven_is_not_remembered(pki: TestPki, lay: Lay) -> None:
    memory = Memory()
    trust = replace(pki.trust(("pass",)), pass_profile=PassProfile(first_bytes=112), memory=memory)
    with pytest.raises(ForgedCardError):
        identify(lay(make(rsa_plan(Fault.FORGED_KEY), pki)), NONCE, trust, NOW)
    assert memory._shown == {}


@pytest.mark.parametrize("first_bytes", [0, 111, 257])
def test_a_beginning_that_leaves_too_much_is_refused(first_bytes: int) -> None:
    with pytest.raises(TrustError, match="first_bytes"):
        Trust(pass_profile=PassProfile(first_bytes=first_bytes))


# ---------------------------------------------------------------------------------------------- terminals


def test_a_pass_shows_itself_to_its_town_s_terminal(pki: TestPki, lay: Lay) -> None:
    steps: list[Exchange] = []
    presented = identify(lay(mutual_card(pki)), NONCE, asks(pki), NOW, trace=steps.append)
    assert (presented.profile, presented.proof) == ("pass", Proof.CARD)
    assert len(steps) == 4
    assert steps[2].sent_bytes == 5 + 242 + 1
    assert presented.evidence is not None
    key = load_der_public_key(presented.evidence.public_key)
    assert p256_holds(key, presented.evidence.signature, presented.evidence.message)  # type: ignore[arg-type]
    assert NONCE in presented.evidence.message


def test_an_rsa_pass_can_ask_too(pki: TestPki, lay: Lay) -> None:
    card = make(Plan(pass_mutual=True, pass_key="rsa2048"), pki)  # noqa: S106
    assert identify(lay(card), NONCE, asks(pki), NOW).proof is Proof.CARD


def test_nobody_else_reads_it(pki: TestPki, lay: Lay) -> None:
    card = mutual_card(pki)
    with pytest.raises(TerminalRefusedError):
        identify(lay(card), NONCE, pki.trust(("pass",)), NOW)
    field = lay(card)
    for command, sw in ((SELECT, "9000"), ("00B0810000", "6982"), ("0088000120" + NONCE.hex() + "00", "6985")):
        assert field.transmit(bytes.fromhex(command)).hex() == sw


def stranger_terminal(pki: TestPki) -> Terminal:
    key = pki.keys.p256("terminal-1")
    said = TerminalCertificate(bytes(8), date(2024, 4, 1), date(2094, 4, 1), key.public_key())
    return Terminal(mutual.issue(said, pki.stranger.terminal_key), pki.terminal().sign)


def test_another_town_s_terminal_is_refused(pki: TestPki, lay: Lay) -> None:
    card = mutual_card(pki)
    with pytest.raises(TerminalRefusedError):
        identify(lay(card), NONCE, asks(pki, stranger_terminal(pki)), NOW)
    assert ("pass", 0x0001, 0xB0) not in card.visited


def test_a_certificate_without_its_key_is_refused(pki: TestPki, lay: Lay) -> None:
    copied = Terminal(pki.terminal(1).certificate, pki.terminal(2).sign)
    with pytest.raises(TerminalRefusedError):
        identify(lay(mutual_card(pki)), NONCE, asks(pki, copied), NOW)


@pytest.mark.threat("replayed certificate")
def test_a_recorded_conversation_opens_nothing(pki: TestPki, lay: Lay) -> None:
    """The card's challenge is fresh, and good for one command."""
    card, heard = mutual_card(pki), list[bytes]()

    class Ear:
        def __init__(self, field: Field) -> None:
            self.field, self.reader, self.atr, self.command_max = field, field.reader, field.atr, field.command_max

        def transmit(self, command: bytes) -> bytes:
            heard.append(command)
            return self.field.transmit(command)

        def close(self) -> None:
            self.field.close()

    identify(Ear(lay(card)), NONCE, asks(pki), NOW)
    field = lay(card)
    for command, sw in zip(heard, ("9000", None, "6982", "6982"), strict=True):
        answer = field.transmit(command)
        assert sw is None or answer.hex() == sw
    field = lay(card)
    field.transmit(bytes.fromhex(SELECT))
    assert field.transmit(heard[2]).hex() == "6985"  # without a challenge at all
    field.transmit(heard[1])
    field.transmit(bytes.fromhex(SELECT))  # whatever comes between uses the challenge up
    assert field.transmit(heard[2]).hex() == "6985"


def test_a_stolen_terminal_ends_when_the_card_meets_a_newer_one(pki: TestPki, lay: Lay) -> None:
    card = mutual_card(pki)
    stolen = pki.terminal(1, date(2026, 1, 1), date(2026, 1, 31))
    newer = pki.terminal(2, date(2026, 2, 1), date(2026, 2, 28))
    for terminal in (stolen, newer):
        assert identify(lay(card), NONCE, asks(pki, terminal), NOW).proof is Proof.CARD
    with pytest.raises(TerminalRefusedError):
        identify(lay(card), NONCE, asks(pki, stolen), NOW)
    assert identify(lay(card), NONCE, asks(pki, newer), NOW).proof is Proof.CARD


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.FORGED_KEY, ForgedCardError), (Fault.FORGED_CREDENTIAL, ForgedCardError)]
)
def test_a_forged_pass_that_asks(pki: TestPki, lay: Lay, fault: Fault, error: type[CardError]) -> None:
    with pytest.raises(error):
        identify(lay(mutual_card(pki, fault)), NONCE, asks(pki), NOW)


def test_a_pass_that_does_not_ask_is_another_town_s(pki: TestPki, lay: Lay) -> None:
    with pytest.raises(TerminalRefusedError):
        identify(lay(make(Plan(), pki)), NONCE, asks(pki), NOW)


def test_a_terminal_s_certificate_is_146_bytes_and_says_what_it_was_issued_with(pki: TestPki) -> None:
    data, town = pki.terminal(7).certificate, pki.own.terminal_key.public_key()
    assert len(data) == 146
    found = mutual.check(data, town)
    assert found.terminal_id == bytes(7) + b"\x07"
    assert (found.begins, found.ends) == (date(2024, 4, 1), date(2094, 4, 1))
    for at in range(len(data)):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever was altered
            mutual.check(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :], town)


def test_a_key_and_a_certificate_go_together(pki: TestPki) -> None:
    with pytest.raises(TrustError, match="terminal"):
        Trust(pass_profile=PassProfile(terminal_key=2))
    with pytest.raises(TrustError, match="terminal"):
        Trust(terminal=pki.terminal())
    with pytest.raises(TrustError, match="one byte"):
        Trust(pass_profile=PassProfile(terminal_key=256), terminal=pki.terminal())


def test_the_trust_folder_has_a_place_for_all_of_it(pki: TestPki, lay: Lay, tmp_path: Path) -> None:
    trust_folder.save(asks(pki), tmp_path)
    with pytest.raises(TrustError, match="terminal"):
        trust_folder.load(tmp_path)
    (tmp_path / "terminal").mkdir()
    (tmp_path / "terminal" / "certificate").write_bytes(pki.terminal().certificate)
    pem = pki.keys.p256("terminal-1").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "terminal" / "key.pem").write_bytes(pem)
    with pytest.raises(TrustError, match=r"can be read by others; say: chmod 600 .*/key\.pem"):
        trust_folder.load(tmp_path)
    (tmp_path / "terminal" / "key.pem").chmod(0o600)
    trust = trust_folder.load(tmp_path)
    assert identify(lay(mutual_card(pki)), NONCE, trust, NOW).proof is Proof.CARD
    (tmp_path / "terminal" / "certificate").write_bytes(b"short")
    with pytest.raises(TrustError, match="146"):
        trust_folder.load(tmp_path)


def test_a_credential_is_read_through_a_channel_of_a_touch(hanako: IsoCard, lay: Lay) -> None:
    profile = PassProfile()
    data = service_pass.read(Channel(lay(hanako), profile.application()), profile)
    content = hanako.applications["pass"].files[1]
    assert isinstance(content, Transparent)
    assert data is not None
    assert content.content.startswith(data)
