"""The 個人番号 is out of reach: every command that any public function sends, over every card and fault, is looked at.

The scan reads what went over the wire, with an eye of its own that knows nothing of the allow-list: it follows which
application is selected and which file is named, and knows which of them hold the number.
"""

import ast
import contextlib
import importlib
import itertools
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

import drivers.card
from drivers.card import CardError, Trust, common, entry, face, files, identify, isd, jpki, service_pass, signing, u2f
from drivers.card.channel import Channel
from drivers.card.face import front
from drivers.card.files import DESK, Application, ReservedNameError, Use
from drivers.card.gate import Gate, NotAllowedError
from drivers.card.proofs import spki
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, Trouble
from drivers.card.sim.records import NOBODYS_NUMBER
from drivers.card.tokens import sun, uid
from drivers.reader import CardCame, Event, Field, ReaderError, sim

NONCE = bytes(range(32))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
BIRTH, CODE, PASSWORD = date(1985, 4, 1), "60040120940000", "TEST1234"
ENTRY_AID, FACE_AID = bytes.fromhex("D3921000310001010408"), bytes.fromhex("D3921000310001010402")
REGISTRY_AID = bytes.fromhex("D3921000310001010401")
NUMBER_FILES = {ENTRY_AID: {0x0001, 0x0014}, FACE_AID: {0x0005, 0x0013}}
TWELVE = 12
COUNTER = u2f.CounterKey(spki(derive_private_key(1, SECP256R1()).public_key()), b"\0" * 64)


class Wire:
    """A field that remembers every byte sent."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.sent: list[bytes] = []
        self.reader, self.atr, self.command_max = field.reader, field.atr, field.command_max

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self.field.transmit(command)

    def close(self) -> None:
        self.field.close()


def lay(pki: TestPki, plan: Plan) -> Wire:
    events: list[Event] = []
    reader = sim.Driver()
    reader.start(events.append)
    reader.present(make(plan, pki, wait=lambda _: None))
    came = events[-1]
    assert isinstance(came, CardCame)
    return Wire(came.field)


@dataclass
class Eye:
    """Reads a wire. `chosen`: the application that was selected last, whether the card had it or not."""

    chosen: bytes = b""

    def wrong(self, raw: bytes) -> str:
        """Say what is wrong with a command, or nothing."""
        cla, ins, p1, p2 = raw[:4]
        lc = raw[4] if len(raw) > 5 and raw[4] else 0
        data = raw[5 : 5 + lc]
        if cla not in {0x00, 0x10, 0x80} and raw != bytes.fromhex("FFCA000000"):
            return "another logical channel, or secure messaging"
        if (data.isdigit() and len(data) == TWELVE) or NOBODYS_NUMBER in data:
            return "twelve digits"
        if ins == 0xA4:
            return self._wrong_select(p1, p2, data)
        by_reference = p2 & 0x1F or None
        short = p1 & 0x1F if p1 & 0x80 else None
        named = {0xB0: short, 0xB2: p2 >> 3 or None, 0x20: by_reference, 0x2A: by_reference}.get(ins)
        if ins in {0xB1, 0xB3, 0x21, 0x24, 0x2C, 0xD6, 0xDC, 0xDA, 0xE2, 0x32}:
            return "an instruction that names files in its data, or that writes"
        if named in NUMBER_FILES.get(self.chosen, set()):
            return f"file {named:04X}"
        return ""

    def _wrong_select(self, p1: int, p2: int, data: bytes) -> str:
        if p1 == 4 and p2 in {0, 0x0C}:
            self.chosen = data
            partial = any(aid.startswith(data) and aid != data for aid in (ENTRY_AID, FACE_AID, REGISTRY_AID))
            return "the residence registry, or a part of a name" if data == REGISTRY_AID or partial else ""
        if (p1, p2) != (2, 0x0C):
            return "another way to select"
        file = int.from_bytes(data, "big")
        return f"file {file:04X}" if file in NUMBER_FILES.get(self.chosen, set()) else ""


def wrong_on(wire: Wire) -> list[str]:
    eye = Eye()
    return [found for raw in wire.sent if (found := eye.wrong(raw))]


# ---------------------------------------------------------------------------------------------- the scan

Call = Callable[[Wire, Trust], object]


def desk(wire: Wire, trust: Trust) -> Channel:
    return Channel(wire, trust.pass_profile.application(), allowed=DESK)


def at_desk(call: Callable[[Channel, Trust], object], application: Application | None = None) -> Call:
    """Call something that works on a channel, with an application selected before."""

    def run(wire: Wire, trust: Trust) -> None:
        channel = desk(wire, trust)
        if application:
            from drivers.card.reading import select  # noqa: PLC0415

            select(channel, application)
        call(channel, trust)

    return run


def sign_with(channel: Channel, pin: str) -> None:
    with jpki.pin_shown(channel, pin):
        jpki.sign(channel, NONCE)


SECRETS = ["1234", "9999", CODE, "60040120940001", NOBODYS_NUMBER.decode(), "600401", PASSWORD, "", "１２３４"]
CALLS: dict[str, Call] = {
    "identify": lambda wire, trust: identify(wire, NONCE, trust, NOW),
    "identify without clock": lambda wire, trust: identify(wire, NONCE, trust, None),
    **{f"identify, PIN {s}": lambda wire, trust, s=s: identify(wire, NONCE, trust, NOW, s) for s in SECRETS},  # type: ignore[misc]
    **{f"entry.read {s}": at_desk(lambda c, t, s=s: entry.read(c, s, t.cv_roots, NONCE)) for s in SECRETS},  # type: ignore[misc]
    **{f"front.read {s}": at_desk(lambda c, t, s=s: front.read(c, s, t.cv_roots, NONCE)) for s in SECRETS},  # type: ignore[misc]
    **{f"signing.sign {s}": at_desk(lambda c, t, s=s: signing.sign(c, s, b"letter", t, NOW)) for s in SECRETS},  # type: ignore[misc]
    "face.enrol": at_desk(lambda c, t: face.enrol(c, BIRTH, t.cv_roots, NONCE)),
    "face.enrol, another birthday": at_desk(lambda c, t: face.enrol(c, date(1999, 9, 9), t.cv_roots, NONCE)),
    "common.read": at_desk(lambda c, _: common.read(c)),
    "isd.read": at_desk(lambda c, _: isd.read(c)),
    "jpki.token_info": at_desk(lambda c, _: jpki.token_info(c), files.JPKI),
    "jpki.authorities": at_desk(lambda c, _: jpki.authorities(c), files.JPKI),
    "jpki.certificate": at_desk(lambda c, _: jpki.certificate(c), files.JPKI),
    "jpki.pin_states": at_desk(lambda c, _: jpki.pin_states(c), files.JPKI),
    "jpki.sign": at_desk(lambda c, _: jpki.sign(c, NONCE), files.JPKI),
    **{f"jpki.pin_shown {s}": at_desk(lambda c, _, s=s: sign_with(c, s), files.JPKI) for s in SECRETS},  # type: ignore[misc]
    "service_pass.read": at_desk(lambda c, t: service_pass.read(c, t.pass_profile)),
    "sun.read": lambda wire, _: sun.read(Channel(wire)),
    "u2f.enrol": at_desk(lambda c, t: u2f.enrol(c, "04112233445566", t.counter_makers, NONCE)),
    "u2f.raised": at_desk(lambda c, _: u2f.raised(c, COUNTER, NONCE, lambda _: 2), files.U2F_DESK),
    "uid.of_a_chip": at_desk(lambda c, _: uid.of_a_chip(c)),
    "uid.read": lambda wire, _: [uid.read(Channel(wire), profile) for profile in ("felica", "type_a")],
}


def plans() -> Iterator[Plan]:
    """Every kind, every fault, every quirk, and a card that is torn away at each of the first commands."""
    yield from (Plan(kind=kind) for kind in Kind)
    yield from (Plan(faults=frozenset({fault})) for fault in Fault)
    yield from (Plan(quirks=frozenset({quirk})) for quirk in Quirk)
    yield Plan(faults=frozenset(Fault) - {Fault.NOT_YET_VALID}, quirks=frozenset(Quirk))
    yield Plan(pass_mutual=True)
    yield from (Plan(trouble=Trouble(torn_after_apdus=count)) for count in range(1, 12, 2))
    yield Plan(trouble=Trouble(torn_after_bytes=900))
    yield Plan(trouble=Trouble(mute_after_apdus=4))


@pytest.mark.parametrize(
    "plan", list(plans()), ids=lambda p: "+".join([p.kind, *sorted(p.faults), *sorted(p.quirks)])[:40]
)
def test_nothing_that_is_sent_touches_the_number(pki: TestPki, plan: Plan) -> None:
    trust = pki.trust(("pass", "face", "jpki", "u2f", "sun", "felica", "type_a"))
    trust = replace(trust, counter_key=lambda _: COUNTER)
    for name, call in CALLS.items():
        wire = lay(pki, plan)
        with contextlib.suppress(CardError, ReaderError, NotAllowedError):
            call(wire, trust)
        assert wrong_on(wire) == [], name


def test_calls_that_follow_each_other_on_one_card(pki: TestPki) -> None:
    """What one call has opened, the next must not use: a PIN that is still shown, an application still selected."""
    for one, other in itertools.permutations(
        ["entry.read 1234", "front.read " + CODE, "identify", "jpki.pin_states"], 2
    ):
        wire = lay(pki, Plan())
        for name in (one, other):
            CALLS[name](wire, pki.trust())
        assert wrong_on(wire) == []


def test_the_eye_sees(pki: TestPki) -> None:
    """The scan means something only if it would notice."""
    for commands in (
        ["00A4040C0AD3921000310001010408", "00A4020C020001"],
        ["00A4040C0AD3921000310001010408", "00B0810000"],
        ["00A4040C0AD3921000310001010402", "00B0850000"],
        ["00A4040C0AD3921000310001010402", "00200093"],
        ["00A4040C0AD3921000310001010402", "802A0093023130"],
        ["00A4040C0AD3921000310001010408", "002000940C" + NOBODYS_NUMBER.hex()],
        ["00A4040C0AD392F000260100000001", "002000800C313131313131313131313131"],
        ["00A4040C0AD3921000310001010401"],
        ["00A4040C09D39210003100010104"],
        ["00A40000"],
        ["01A4040C0AD3921000310001010402"],
    ):
        wire = lay(pki, Plan())
        for command in commands:
            wire.transmit(bytes.fromhex(command))
        assert wrong_on(wire), commands


def test_every_public_function_that_speaks_to_a_card_is_in_the_scan() -> None:
    """A new function has to be added to the calls above, or reach the card through one that is there."""
    below = {"select", "select_file", "read_start", "read_object", "show", "shown", "tries", "issuer"}
    reached = {
        "identify", "read", "enrol", "sign", "token", "token_info", "authorities", "certificate",
        "certificates_present", "pin_states", "present", "pin_shown", "prove", "read_credential",
        "authenticate", "raised", "of_a_chip",
    }  # fmt: skip
    found = set()
    for module in pkgutil.walk_packages(drivers.card.__path__, "drivers.card."):
        if ".sim" in module.name or module.name.endswith((".cli", ".desk", ".__main__")):
            continue
        source = importlib.import_module(module.name).__file__
        assert source is not None
        with open(source) as file:  # noqa: PTH123
            tree = ast.parse(file.read())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                kinds = {ast.unparse(a.annotation) for a in node.args.args if a.annotation}
                if kinds & {"Channel", "Field"}:
                    found.add(node.name)
    assert found == reached | below


# ---------------------------------------------------------------------------------------------- by construction


@pytest.mark.parametrize(("aid", "file"), [(aid, file) for aid, some in NUMBER_FILES.items() for file in some])
def test_the_lists_do_not_load_with_the_number_on_them(aid: bytes, file: int) -> None:
    (listed,) = (each for each in DESK if each.aid == aid)
    with pytest.raises(ReservedNameError, match="personal number"):
        files._refuse_the_number((replace(listed, files={**listed.files, file: Use.READ}),))
    with pytest.raises(ReservedNameError):
        files._refuse_the_number((Application("registry", REGISTRY_AID),))


@pytest.mark.parametrize("application", [each for each in DESK if each.files], ids=lambda each: each.name)
def test_nobody_can_add_a_file_to_a_listed_application(application: Application) -> None:
    for file in range(0x20):
        if file not in application.files:
            with pytest.raises(ReservedNameError):
                Gate((replace(application, files={**application.files, file: Use.READ}),))


def test_no_kind_of_secret_takes_twelve_digits() -> None:
    takers = [use for use in Use if use.takes(NOBODYS_NUMBER) or use.takes(b"0" * TWELVE)]
    assert takers == []


def test_a_touch_cannot_name_what_only_a_desk_may(pki: TestPki) -> None:
    wire = lay(pki, Plan())
    channel = Channel(wire)
    for call in (
        lambda: entry.read(channel, CODE, pki.trust().cv_roots, NONCE),
        lambda: front.read(channel, CODE, pki.trust().cv_roots, NONCE),
        lambda: signing.sign(channel, PASSWORD, b"letter", pki.trust(), NOW),
        lambda: isd.read(channel),
        lambda: jpki.pin_states(channel),
    ):
        with pytest.raises(NotAllowedError):
            call()
    assert not any(raw[1] == 0x20 and len(raw) > 5 for raw in wire.sent)


def test_the_card_would_give_the_number_away_to_others(pki: TestPki) -> None:
    wire = lay(pki, Plan())
    for command in ("00A4040C0AD3921000310001010408", "00A4020C020011", "002000800431323334", "00A4020C020001"):
        assert wire.transmit(bytes.fromhex(command)) == b"\x90\x00"
    answer: Any = wire.transmit(bytes.fromhex("00B0000000"))
    assert NOBODYS_NUMBER in answer
