"""The allow-list: whatever anybody asks of a channel, nothing of the state's numbers is ever touched."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drivers
from drivers.card import CardError, Trust, face, files, identify, jpki, pins
from drivers.card.apdu import Command, Ins
from drivers.card.channel import Channel
from drivers.card.files import Application, ReservedNameError, Use, free_area
from drivers.card.gate import Gate, NotAllowedError
from drivers.card.proofs import digest_info
from drivers.card.service_pass import PassProfile
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Plan
from drivers.card.sim.records import NOBODYS_NUMBER
from drivers.reader import CardCame, Event, Field, sim

NONCE = bytes(range(32))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENTRY_AID = bytes.fromhex("D3921000310001010408")
REGISTRY_AID = bytes.fromhex("D3921000310001010401")
FACE_NUMBER_FILES = {0x0002, 0x0005, 0x0012, 0x0013}
TOWN = PassProfile().application()


def touched_what_it_must_not(card: IsoCard) -> list[tuple[str, int, int]]:
    """Ask the card itself, which knows nothing of our allow-list."""
    return [
        (application, file, ins)
        for application, file, ins in card.visited
        if application in {"entry", "registry", "manager"}
        or (application == "face" and file in FACE_NUMBER_FILES)
        or (application == "jpki" and file in {0x0001, 0x0002, 0x001A, 0x001B})
        or (application == "common" and file not in {0, 0x0001})
    ]


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


def wired(pki: TestPki, plan: Plan | None = None) -> tuple[IsoCard, Wire]:
    card = make(plan or Plan(), pki)
    assert isinstance(card, IsoCard)
    events: list[Event] = []
    reader = sim.Driver()
    reader.start(events.append)
    reader.present(card)
    came = events[-1]
    assert isinstance(came, CardCame)
    return card, Wire(came.field)


def select(aid: bytes) -> Command:
    return Command(0, Ins.SELECT, 4, 0x0C, aid)


def select_file(file: int) -> Command:
    return Command(0, Ins.SELECT, 2, 0x0C, file.to_bytes(2, "big"))


FORBIDDEN_ANYWHERE = [
    *(select(aid) for aid in (ENTRY_AID, REGISTRY_AID, bytes.fromhex("A0000001510000"), b"", b"\xd3\x92\x10\x00\x31")),
    *(select(files.FACE.aid[:length]) for length in range(1, 10)),  # a part of a name selects the first that fits
    select(files.FACE.aid + b"\0"),
    Command(0, Ins.SELECT, 4, 0x00, files.FACE.aid),  # with control information
    Command(0, Ins.SELECT, 4, 0x0E, files.FACE.aid),  # the next of this name
    Command(0, Ins.SELECT, 4, 0x0C, files.FACE.aid, le=256),
    Command(0, Ins.SELECT, 0, 0),  # the master file
    Command(0, Ins.SELECT, 0, 0x0C, b"\x3f\x00"),
    Command(0, Ins.SELECT, 8, 0x0C, b"\x3f\x00\x00\x01"),  # by path
    Command(0, Ins.SELECT, 9, 0x0C, b"\x00\x01"),
    Command(0, Ins.SELECT, 1, 0x0C, b"\x00\x01"),
    *(Command(cla, Ins.SELECT, 4, 0x0C, files.FACE.aid) for cla in (0x01, 0x04, 0x08, 0x0C, 0x10, 0x40, 0x80, 0xFF)),
    Command(0, 0x70, 0, 1, le=1),  # MANAGE CHANNEL
    Command(0, Ins.GET_DATA, 0, 0x45, le=256),
    Command(0, Ins.GET_RESPONSE, 0, 0, le=256),
    Command(0, Ins.GET_CHALLENGE, 0, 0, le=8),
    Command(0, Ins.CHANGE_REFERENCE_DATA, 1, 0x80, b"1234"),
    Command(0, 0x2C, 0, 0x80, b"1234"),  # RESET RETRY COUNTER
    Command(0, 0xB1, 0, 0, b"\x54\x01\x00", le=256),  # READ BINARY, the odd instruction, names a file in its data
    Command(0, 0xD6, 0, 0, b"\0"),  # UPDATE BINARY
    Command(0x80, 0x32, 0, 0x80, b"1234"),
    Command(0x80, 0xA2, 6, 0xC1, bytes(200)),
    Command(0x80, 0xAE, 0, 0, bytes(200)),
]


@pytest.mark.parametrize("command", FORBIDDEN_ANYWHERE, ids=lambda command: command.encode().hex()[:24])
@pytest.mark.parametrize("after", [None, files.JPKI, files.FACE, files.COMMON, TOWN], ids=lambda a: a and a.name)
def test_refused_before_a_byte_leaves(pki: TestPki, command: Command, after: Application | None) -> None:
    _, wire = wired(pki)
    channel = Channel(wire, TOWN)
    if after:
        assert channel.exchange(select(after.aid)).ok
    before = len(wire.sent)
    with pytest.raises(NotAllowedError):
        channel.exchange(command)
    assert len(wire.sent) == before


@pytest.mark.parametrize(
    ("application", "file"),
    [
        *((files.FACE, file) for file in (0x0002, 0x0003, 0x0005, 0x0006, 0x0012, 0x0013, 0x001A)),
        *((files.JPKI, file) for file in (0x0001, 0x0002, 0x0009, 0x0016, 0x001A, 0x001B)),
        *((files.COMMON, file) for file in (0x0002, 0x0019, 0x001C)),
        (TOWN, 0x0002),
    ],
    ids=lambda value: value.name if isinstance(value, Application) else f"{value:04X}",
)
def test_files_that_are_not_on_the_list(pki: TestPki, application: Application, file: int) -> None:
    card, wire = wired(pki)
    channel = Channel(wire, TOWN)
    channel.exchange(select(application.aid))
    before = len(wire.sent)
    for command in (
        select_file(file),
        Command(0, Ins.READ_BINARY, 0x80 | file, 0, le=256),
        Command(0, Ins.READ_RECORD, 1, file << 3 | 4, le=256),
        Command(0, Ins.VERIFY, 0, 0x80 | file),
        Command(0, Ins.VERIFY, 0, 0x80 | file, b"1234"),
        Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0, 0x80 | file, digest_info(b"letter"), le=256),
    ):
        with pytest.raises(NotAllowedError):
            channel.exchange(command)
    assert len(wire.sent) == before
    assert touched_what_it_must_not(card) == []


def test_twelve_digits_can_be_sent_to_nothing(pki: TestPki) -> None:
    """照合番号A is the 個人番号 itself: no secret of that length can be shown to any file."""
    assert all(use.digits != len(NOBODYS_NUMBER) for use in Use)
    for application, file in ((files.JPKI, files.AUTH_PIN), (files.FACE, files.BIRTH_KEY)):
        _, wire = wired(pki)
        channel = Channel(wire)
        channel.exchange(select(application.aid))
        channel.exchange(select_file(file))
        for secret in (NOBODYS_NUMBER, b"55021720352285", b"123", b"12345", b"abcd", b"1234567"):
            with pytest.raises(NotAllowedError):
                channel.exchange(Command(0, Ins.VERIFY, 0, 0x80, secret))


def test_only_a_sha_256_digest_is_signed(pki: TestPki) -> None:
    _, wire = wired(pki)
    channel = Channel(wire)
    channel.exchange(select(files.FACE.aid))
    for data in (b"", bytes(51), bytes(32), bytes(245)):
        with pytest.raises(NotAllowedError):
            channel.exchange(Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0, 0, data, le=256))


def test_a_refused_file_leaves_nothing_current(pki: TestPki) -> None:
    """After a SELECT that failed, nobody knows what the card reads: neither do we."""
    _, wire = wired(pki, Plan(quirks=frozenset({Quirk.NO_SHORT_IDS})))
    channel = Channel(wire)
    channel.exchange(select(files.JPKI.aid))
    channel.exchange(select_file(files.TOKEN_INFO))
    assert channel.exchange(Command(0, Ins.READ_BINARY, 0, 0, le=4)).ok
    assert channel.exchange(Command(0, Ins.READ_BINARY, 0x80 | files.AUTH_CERTIFICATE, 0, le=4)).sw == 0x6A86
    with pytest.raises(NotAllowedError):
        channel.exchange(Command(0, Ins.READ_BINARY, 0, 0, le=4))


@pytest.mark.parametrize(
    "command",
    [
        Command(0, Ins.VERIFY, 0, 0x98),
        Command(0, Ins.VERIFY, 0, 0x98, b"1234"),
        Command(0x80, Ins.PERFORM_SECURITY_OPERATION, 0, 0x97, digest_info(b"letter"), le=256),
    ],
    ids=["ask", "verify", "sign"],
)
def test_a_secret_or_key_by_its_short_identifier_leaves_none_current(pki: TestPki, command: Command) -> None:
    """Whether it makes its file current, cards may see differently."""
    _, wire = wired(pki)
    channel = Channel(wire)
    channel.exchange(select(files.JPKI.aid))
    channel.exchange(select_file(files.TOKEN_INFO))
    channel.exchange(command)
    for current in (Command(0, Ins.READ_BINARY, 0, 0, le=4), Command(0, Ins.VERIFY, 0, 0x80)):
        with pytest.raises(NotAllowedError):
            channel.exchange(current)


def test_a_file_that_is_not_there_leaves_none_current(pki: TestPki) -> None:
    card, wire = wired(pki)
    del card.applications["jpki"].files[files.AUTH_KEY]
    channel = Channel(wire)
    channel.exchange(select(files.JPKI.aid))
    assert channel.exchange(select_file(files.TOKEN_INFO)).ok
    assert channel.exchange(select_file(files.AUTH_KEY)).sw == 0x6A82
    with pytest.raises(NotAllowedError):
        channel.exchange(Command(0, Ins.READ_BINARY, 0, 0, le=4))


@pytest.mark.parametrize("p1", [0xA6, 0xC6, 0xE6, 0x80])
def test_a_short_identifier_has_five_bits_and_is_not_zero(pki: TestPki, p1: int) -> None:
    _, wire = wired(pki)
    channel = Channel(wire)
    channel.exchange(select(files.JPKI.aid))
    with pytest.raises(NotAllowedError):
        channel.exchange(Command(0, Ins.READ_BINARY, p1, 0, le=4))


def test_an_application_that_is_not_there_leaves_none_current(pki: TestPki) -> None:
    _, wire = wired(pki)
    channel = Channel(wire, free_area(b"\xf0other", 1, 1))
    channel.exchange(select(files.JPKI.aid))
    assert channel.exchange(select(b"\xf0other")).sw == 0x6A82
    with pytest.raises(NotAllowedError):
        channel.exchange(select_file(files.TOKEN_INFO))


@pytest.mark.parametrize(
    "aid",
    [
        ENTRY_AID,
        REGISTRY_AID,
        ENTRY_AID[:9],  # would select whichever comes first
        ENTRY_AID[:5],
        ENTRY_AID + b"\0",
        files.JPKI.aid,
        bytes.fromhex("A000000151"),
        b"\xf0\x01",  # too short for a name
        bytes(17),
    ],
    ids=lambda aid: aid.hex(),
)
def test_a_town_cannot_name_an_application_of_the_state(aid: bytes) -> None:
    with pytest.raises(ReservedNameError):
        free_area(aid, 1, 1)
    with pytest.raises(ReservedNameError):
        Gate((Application("pass", aid, {1: Use.READ}, answers_with=1),))


@pytest.mark.parametrize(
    "forged",
    [
        Application("face", files.FACE.aid, {0x0005: Use.READ}, signs_by_itself=True),
        Application("entry", ENTRY_AID, {0x0001: Use.READ}, answers_with=1),
        Application("pass", b"\xf0town0001", {1: Use.READ, 2: Use.READ}, answers_with=1),
        Application("pass", b"\xf0town0001", {1: Use.PIN}, answers_with=1),
        Application("pass", b"\xf0town0001", {1: Use.READ}, signs_by_itself=True, answers_with=1),
    ],
)
def test_nobody_can_add_to_the_list(forged: Application) -> None:
    with pytest.raises(ReservedNameError):
        Gate((forged,))


COMMANDS = st.builds(
    Command,
    cla=st.sampled_from([0, 0, 0, 0x80, 0x10, 0x01, 0x0C]),
    ins=st.sampled_from([*Ins, *Ins, 0x70, 0xB1, 0xE2]),
    p1=st.sampled_from([0, 1, 2, 4, 8, *range(0x80, 0x9F)]),
    p2=st.sampled_from([0, 1, 4, 0x0C, 0x80, 0x98, *(file << 3 | 4 for file in range(1, 31)), *range(0x80, 0x9F)]),
    data=st.one_of(
        st.just(b""),
        st.sampled_from([files.JPKI.aid, files.FACE.aid, files.COMMON.aid, TOWN.aid, ENTRY_AID, REGISTRY_AID]),
        st.integers(0, 0x20).map(lambda file: file.to_bytes(2, "big")),
        st.sampled_from([b"1234", b"600401", NOBODYS_NUMBER, ENTRY_AID[:9]]),
        st.binary(max_size=60),
    ),
    le=st.sampled_from([0, 1, 256, 300]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(COMMANDS, max_size=30), st.sampled_from([frozenset[Quirk](), frozenset(Quirk)]))
def test_no_sequence_of_commands_reaches_what_it_must_not(
    pki: TestPki, commands: list[Command], quirks: frozenset[Quirk]
) -> None:
    card, wire = wired(pki, Plan(quirks=quirks))
    channel = Channel(wire, TOWN)
    for command in commands:
        try:
            channel.exchange(command)
        except (NotAllowedError, CardError):
            continue
    assert touched_what_it_must_not(card) == []
    assert not any(NOBODYS_NUMBER in sent for sent in wire.sent)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=4, max_size=64), max_size=30))
def test_no_bytes_reach_what_they_must_not(pki: TestPki, messages: list[bytes]) -> None:
    card, wire = wired(pki)
    channel = Channel(wire, TOWN)
    for message in messages:
        try:
            channel.exchange(Command.parse(message))
        except (NotAllowedError, CardError, ValueError):
            continue
    assert touched_what_it_must_not(card) == []


PUBLIC_CALLS: list[Callable[[Channel, Wire, Trust], object]] = [
    lambda channel, _wire, _trust: jpki.present(channel),
    lambda channel, _wire, _trust: jpki.token(channel),
    lambda channel, _wire, _trust: jpki.certificates_present(channel),
    lambda channel, _wire, _trust: jpki.certificate(channel),
    lambda channel, _wire, _trust: pins.tries(channel, files.AUTH_PIN),
    lambda channel, _wire, _trust: pins.show(channel, files.AUTH_PIN, "1234"),
    lambda channel, _wire, _trust: pins.show(channel, files.AUTH_PIN, NOBODYS_NUMBER.decode()),
    lambda channel, _wire, _trust: jpki.sign(channel, NONCE),
    lambda channel, _wire, trust: face.enrol(channel, date(1985, 4, 1), trust.cv_roots, NONCE),
    lambda channel, _wire, trust: face.enrol(channel, date(1999, 9, 9), trust.cv_roots, NONCE),
    lambda _channel, wire, trust: identify(wire, NONCE, trust, NOW),
    lambda _channel, wire, trust: identify(wire, NONCE, trust, NOW, "1234"),
    lambda _channel, wire, trust: identify(wire, NONCE, trust, None, "4321"),
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PUBLIC_CALLS), max_size=8))
def test_no_sequence_of_public_calls_reaches_what_it_must_not(
    pki: TestPki, calls: list[Callable[[Channel, Wire, Trust], object]]
) -> None:
    card, wire = wired(pki)
    channel = Channel(wire, TOWN)
    trust = pki.trust()
    for call in calls:
        try:
            call(channel, wire, trust)
        except (NotAllowedError, CardError):
            continue
    assert touched_what_it_must_not(card) == []
    assert not any(NOBODYS_NUMBER in sent for sent in wire.sent)
    assert card.unknown == 0


def test_the_card_would_give_the_number_away_to_others(hanako: IsoCard) -> None:
    """The tests above mean something only if the virtual card has what it takes."""
    hanako.power_on()
    for command in ("00A4040C0AD3921000310001010408", "00A4020C020011", "002000800431323334", "00A4020C020001"):
        assert hanako.transmit(bytes.fromhex(command)) == b"\x90\x00"
    assert NOBODYS_NUMBER in hanako.transmit(bytes.fromhex("00B0000000"))
    assert touched_what_it_must_not(hanako)


def test_a_part_of_a_name_would_select_something(hanako: IsoCard) -> None:
    hanako.power_on()
    assert hanako.transmit(bytes.fromhex("00A4040C09D39210003100010104")) == b"\x90\x00"


def test_nothing_but_the_channel_speaks_to_a_field() -> None:
    """A second way to the card would be a way around the gate."""
    folder = Path(drivers.__file__).parent / "card"
    speakers = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if re.search(r"\.transmit\(", path.read_text()) and "sim" not in path.parts
    ]
    assert speakers == ["channel.py"]
