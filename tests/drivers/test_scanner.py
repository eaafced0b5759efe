"""What a code says: plain text, payment codes, GS1 element strings; and where a code ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.clock.sim import Driver as SimClock
from drivers.scanner import Event, Kind, Scan, Scanned, ScannerCame, ScannerLeft, Unreadable, Why, parse, sim
from drivers.scanner._ear import Ear, End
from drivers.scanner._emv import crc16
from drivers.scanner._gs1 import check_digit

# The sample of the EMVCo QR Code Specification for Payment Systems, Merchant-Presented Mode, annex A.
EMVCO = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT"
    "6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME"
    "91320016A0112233449988770708123456786304A13A"
)
CODE_TEXT = "machitap:1:c2hvcDAx"


# ---------------------------------------------------------------------------------------------- payment codes


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc16(b"123456789") == 0x29B1  # the check value of CRC-16 with polynomial 1021, starting at FFFF


def test_a_payment_code_is_taken_apart() -> None:
    scan = parse(f"]Q1{EMVCO}".encode())
    assert (scan.kind, scan.symbology, scan.trouble) == (Kind.EMV, "]Q1", "")
    said = {element.tag: element for element in scan.elements}
    assert (said["54"].value, said["53"].value, said["59"].value) == ("23.72", "156", "BEST TRANSPORT")
    assert [(part.tag, part.value) for part in said["64"].parts] == [("00", "ZH"), ("01", "最佳运输"), ("02", "北京")]
    assert said["59"].parts == ()


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (EMVCO.replace("23.72", "13.72"), "checksum is wrong"),
        (EMVCO[:-4] + "A13B", "checksum is wrong"),
        (EMVCO[:-8], "not at the end"),
        (EMVCO[:-20], "cut short"),
        (EMVCO[:60], "cut short"),
        ("000201", "not at the end"),
        ("000201xx", "no element"),
        ("000201" + "5900", "cut short"),
    ],
)
def test_a_payment_code_that_is_not_whole_says_so(code: str, trouble: str) -> None:
    scan = parse(code.encode())
    assert scan.kind is Kind.EMV
    assert trouble in scan.trouble
    assert scan.elements == ()


def with_checksum(text: str) -> str:
    return f"{text}6304{crc16(f'{text}6304'.encode()):04X}"


def test_what_must_be_there_is_missed_and_nothing_is_said_twice() -> None:
    assert "missing: 52, 53, 58, 59, 60" in parse(with_checksum("000201").encode()).trouble
    assert "twice" in parse(with_checksum("0002015802JP5802CN").encode()).trouble


def test_a_small_letter_in_the_checksum_is_no_fault() -> None:
    assert parse((EMVCO[:-4] + "a13a").encode()).trouble == ""


# ---------------------------------------------------------------------------------------------- GS1


@pytest.mark.parametrize("lead", [b"]C1", b"]d2", b"]Q3", b"]e0", b"\x1d", b"]C1\x1d"])
def test_an_element_string_is_taken_apart(lead: bytes) -> None:
    """GS1 General Specifications 7.8.6: elements of a fixed length need no end, the others end with FNC1."""
    scan = parse(lead + b"0104912345678904" + b"10ABC-1\x1d" + b"17261231" + b"3103001750" + b"21x")
    assert (scan.kind, scan.trouble) == (Kind.GS1, "")
    assert [(element.tag, element.value) for element in scan.elements] == [
        ("01", "04912345678904"), ("10", "ABC-1"), ("17", "261231"), ("3103", "001750"), ("21", "x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (b"0104912345678905", "wrong check digit"),
        (b"010491234567890", "cut short"),
        (b"01049123456789x4", "not a number"),
        (b"10", "empty"),
        (b"10" + b"x" * 91, "too long"),
        ("10あ".encode(), "character"),
        (b"05123", "no application identifier"),
        (b"8", "no application identifier"),
        ("０１".encode(), "no application identifier"),
        (b"", "nothing"),
    ],
)
def test_an_element_string_that_is_not_whole_says_so(code: bytes, trouble: str) -> None:
    scan = parse(b"]C1" + code)
    assert scan.kind is Kind.GS1
    assert trouble in scan.trouble


def test_check_digits() -> None:
    assert check_digit("629104150021") == 3  # GS1 General Specifications 7.9.1, its own example
    assert check_digit("37610425002123456") == 9


def test_without_an_identifier_a_number_is_text() -> None:
    assert parse(b"4912345678904") == Scan(Kind.TEXT, "4912345678904")


# ---------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "cp932"])
def test_japanese_is_read_however_it_was_written(encoding: str) -> None:
    assert parse("灯台町①図書館".replace("①", "" if encoding == "shift_jis" else "①").encode(encoding)).text in (
        "灯台町図書館",
        "灯台町①図書館",
    )


def test_what_is_no_text_is_binary() -> None:
    assert parse(b"\x00\x80\xff\xfe").kind is Kind.BINARY
    assert parse(b"]Q1\x00").kind is Kind.BINARY


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    scan = parse(raw)
    assert scan == parse(raw)
    assert bool(scan.elements) <= (scan.trouble == "")


@given(st.sampled_from([EMVCO, "]C10104912345678904\x1d10ABC"]), st.data())
def test_no_damage_makes_it_fail(code: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(code) - 1))
    letter = data.draw(st.characters(codec="utf-8"))
    damaged = code[:at] + letter + code[at + 1 :]
    scan = parse(damaged.encode())
    if code is EMVCO and damaged != code and scan.kind is Kind.EMV:
        assert scan.trouble or damaged.upper() == code.upper(), "one wrong letter is always noticed"


# ---------------------------------------------------------------------------------------------- where a code ends


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_every_usual_line_end(end: bytes) -> None:
    ear = Ear(again_s=0)
    said = ear.hear(b"one" + end + b"two" + end, 0)
    assert [event.scan.text for event in said if isinstance(event, Scanned)] == ["one", "two"]
    assert len(said) == 2


def test_a_code_that_breaks_off_is_torn_and_never_a_scan() -> None:
    ear = Ear()
    assert ear.hear(b"machitap:1:c2h", 0) == []
    assert ear.silence(0.3) == [Unreadable(Why.TORN, 14)]
    assert ear.hear(b"vcDAx\r", 1) == [Scanned(Scan(Kind.TEXT, "vcDAx"))]
    assert ear.silence(2) == []


def test_where_silence_is_the_end() -> None:
    ear = Ear(End.SILENCE)
    assert ear.hear(b"one\rtwo", 0) == []
    assert ear.silence(0.3) == [Scanned(Scan(Kind.TEXT, "one\rtwo"))]
    ear.hear(b"half", 1)
    assert ear.cut() == [Unreadable(Why.TORN, 4)]


def test_a_code_that_is_too_long_is_said_once_and_not_kept() -> None:
    ear = Ear(size_max=10)
    for _ in range(1000):
        assert ear.hear(b"x" * 1000, 0) == []
        assert len(ear._kept) <= 10
    assert ear.hear(b"end\r", 0) == [Unreadable(Why.TOO_LONG, 1_000_003)]
    assert ear.hear(b"0123456789\r", 0) == [Scanned(Scan(Kind.TEXT, "0123456789"))]


def test_the_same_code_within_a_second_is_one() -> None:
    ear = Ear()
    assert len(ear.hear(b"a\r", 0)) == 1
    for now in (0.5, 1.0, 1.9):  # it lies under the window, and is read again and again
        assert ear.hear(b"a\r", now) == []
    assert len(ear.hear(b"b\r", 1.95)) == 1
    assert len(ear.hear(b"a\r", 2.0)) == 1
    assert len(ear.hear(b"a\r", 3.0)) == 1


@given(st.lists(st.binary(max_size=60), max_size=12), st.sampled_from(End))
def test_any_bytes_in_any_chunks(chunks: list[bytes], end: End) -> None:
    whole, pieces = Ear(end, again_s=0), Ear(end, again_s=0)
    together = whole.hear(b"".join(chunks), 0) + whole.silence(1)
    apart = [event for chunk in chunks for event in pieces.hear(chunk, 0)] + pieces.silence(1)
    assert together == apart


# ---------------------------------------------------------------------------------------------- the simulated scanner


def started(clock: SimClock) -> tuple[sim.Driver, list[Event]]:
    events: list[Event] = []
    scanner = sim.Driver(clock=clock)
    scanner.start(events.append)
    assert events.pop() == ScannerCame()
    return scanner, events


def test_the_simulated_scanner_and_its_faults() -> None:
    clock = SimClock()
    scanner, events = started(clock)
    scanner.scan(CODE_TEXT)
    assert events == [Scanned(Scan(Kind.TEXT, CODE_TEXT))]
    clock.advance(5)
    scanner.stutter = True
    scanner.scan(CODE_TEXT)
    assert len(events) == 2
    scanner.tear(b"machi")
    assert events[-1] == Unreadable(Why.TORN, 5)
    scanner.unplug()
    scanner.scan(CODE_TEXT)
    scanner.plug()
    assert events[-2:] == [ScannerLeft("unplugged"), ScannerCame()]
    scanner.stop()
    scanner.scan(CODE_TEXT)
    assert len(events) == 5


@pytest.mark.parametrize("baud", [1200, 2400, 4800, 19_200, 38_400, 57_600, 115_200])
def test_a_wrong_speed_is_told_apart_from_nothing(baud: int) -> None:
    scanner, events = started(SimClock())
    scanner.far_baud = baud
    for number in range(20):
        scanner.scan(f"https://todai.example/t/{number:04d}-{CODE_TEXT}")
    assert len(events) >= 20
    noise = [event for event in events if isinstance(event, Unreadable) and event.why is Why.NOISE]
    assert len(noise) > len(events) / 2
    assert not [event for event in events if isinstance(event, Scanned) and "todai" in event.scan.text]
