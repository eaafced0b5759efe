"""Slips: how they look, how far they come, and what is said about it; on a printer that is really written to."""

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from drivers.check import State
from drivers.printer import (
    Amount,
    Code,
    Look,
    Printed,
    Reach,
    Rule,
    Side,
    Size,
    Slip,
    Trouble,
    Words,
    escpos,
    none,
    sim,
)
from drivers.printer import _commands as commands
from drivers.printer import _status as status
from drivers.printer._draw import NoFontError, draw, in_yen
from drivers.printer._machine import Machine
from tests.drivers.far_end import FarEnd, far_end

SAYS = "https://todai.example/e/shop01/9f3c0a1b22d4e5f6/12"
SLIP = Slip(
    "shop01/9f3c0a1b22d4e5f6/12",
    (
        Words("灯台町 まちコイン", Size.LARGE, Side.MIDDLE),
        Rule(),
        Amount("お支払い / Paid", 1280, Size.LARGE),
        Amount("残り / Balance", 2440),
        Words("なくしても、カードをタッチすれば同じ記録が見られます。"),
        Code(SAYS, "shop01/12"),
    ),
)
ROWS = 500


@pytest.fixture
def printer() -> Iterator[sim.Driver]:
    printer = sim.Driver(sim.Driver.Options(band_ms=250))
    yield printer
    printer.close()


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


def top_of(slip: Image.Image, picture: Image.Image) -> bool:
    return same(slip.crop((0, 0, *picture.size)), picture)


# ---------------------------------------------------------------------------------------------- what comes out


def test_what_was_drawn_is_what_comes_out(printer: sim.Driver) -> None:
    printed = printer.print(SLIP)
    assert (printed.reach, printed.trouble, printed.marked) == (Reach.WHOLE, None, False)
    assert printed.bands == printed.of > 5
    (slip,) = printer.slips
    drawn = draw(SLIP, 576)
    assert top_of(slip, drawn)
    assert slip.height > drawn.height, "it is fed out before it is cut"
    assert printer.machine.unknown == 0


@pytest.mark.parametrize("width", [384, 576])
def test_the_code_on_the_paper_is_the_code(width: int) -> None:
    """Every module of the code is found again on the picture."""
    picture = draw(Slip("1", (Code(SAYS),)), width)
    left, top, right, _ = _ink(picture)
    rows = [bytes(row) for row in segno.make_qr(SAYS, error="m").matrix]
    dots = (right - left) // len(rows)
    assert dots >= 2, "a phone has to read it"
    for y, row in enumerate(rows):
        for x, module in enumerate(row):
            spot = (left + x * dots + dots // 2, top + y * dots + dots // 2)
            assert (picture.getpixel(spot) == 0) == bool(module)
    assert left >= 4 * dots
    assert top >= 4 * dots, "the quiet zone"


def _ink(picture: Image.Image) -> tuple[int, int, int, int]:
    box = ImageOps.invert(picture.convert("L")).getbbox()
    assert box
    return box


def test_nothing_runs_over_the_edge_and_no_row_begins_with_a_closing_mark() -> None:
    text = "あいうえおかきくけこさしすせそたちつてと。" * 8 + "（カード）" * 20
    for width in (384, 576):
        left, _, right, _ = _ink(draw(Slip("1", (Words(text), Amount(text, -123_456, Size.LARGE))), width))
        assert left >= 8 - 2
        assert right <= width - 8 + 2
    from drivers.printer._draw import _NOT_FIRST, _font_file, _Pen  # noqa: PLC0415

    rows = _Pen(576, _font_file(""))._rows(text, Size.NORMAL)
    assert "".join(rows) == text
    assert not [row for row in rows[1:] if row[0] in _NOT_FIRST]
    words = "残り Balance of the town coin of Todai"
    broken = _Pen(384, _font_file(""))._rows(words, Size.LARGE)
    assert len(broken) > 1
    assert [word for row in broken for word in row.split()] == words.split(), "no word in Latin letters is broken"
    endless = "x" * 200
    assert "".join(_Pen(384, _font_file(""))._rows(endless, Size.LARGE)) == endless


def test_an_amount_that_does_not_fit_beside_its_name_stands_below_it() -> None:
    one, two = (draw(Slip("1", (Amount(what, 1280, Size.LARGE),)), 384) for what in ("支払い", "お支払い / Paid"))
    assert two.height == 2 * one.height
    assert _ink(two.crop((0, one.height, 384, two.height)))[0] > 384 / 2


def test_money_is_written_as_people_read_it() -> None:
    assert [in_yen(yen) for yen in (0, 980, 1280, -1_234_567)] == ["0円", "980円", "1,280円", "−1,234,567円"]


def test_every_letter_has_a_shape() -> None:
    """Kana, kanji, Latin and signs leave ink, and no two of them the same (a missing letter is always one box)."""
    shapes = [draw(Slip("1", (Words(letter, Size.LARGE),)), 384).tobytes() for letter in "あア灯髙円①A+−。"]
    assert len(set(shapes)) == len(shapes)


def test_an_empty_slip_and_an_empty_line() -> None:
    assert draw(Slip("1", ()), 384).size == (384, 1)
    assert _blank(draw(Slip("1", (Words(""), Words("\n"))), 384))


def _blank(picture: Image.Image) -> bool:
    return ImageOps.invert(picture.convert("L")).getbbox() is None


def test_no_letters_no_slip(tmp_path: Path) -> None:
    (tmp_path / "torn.ttf").write_bytes(b"no font")
    for font in (tmp_path / "none.ttf", tmp_path / "torn.ttf"):
        with pytest.raises(NoFontError):
            draw(SLIP, 576, str(font))
        driver = escpos.Driver(escpos.Driver.Options(path=str(tmp_path), font=str(font)))
        assert driver.print(SLIP) == Printed(Reach.NOTHING, 0, 0, False, Trouble.FONT)


# ---------------------------------------------------------------------------------------------- never twice in silence


def test_the_second_time_it_says_so_on_the_paper(printer: sim.Driver) -> None:
    assert not printer.print(SLIP).marked
    assert printer.print(SLIP).marked
    assert top_of(printer.slips[1], draw(SLIP, 576, is_reprint=True))
    assert not same(draw(SLIP, 576, is_reprint=True), draw(SLIP, 576))


def test_a_slip_of_another_day_is_marked_when_the_caller_says_so(printer: sim.Driver) -> None:
    assert printer.print(SLIP, again=True).marked
    assert top_of(printer.slips[0], draw(SLIP, 576, is_reprint=True))


def test_what_never_came_out_is_no_reprint(printer: sim.Driver) -> None:
    printer.paper(0)
    printed = printer.print(SLIP)
    assert (printed.reach, printed.bands, printed.trouble) == (Reach.NOTHING, 0, Trouble.PAPER)
    printer.paper(100_000)
    assert printer.print(SLIP).marked is False
    assert top_of(printer.slips[0], draw(SLIP, 576))


def test_paper_that_ends_in_the_middle(printer: sim.Driver) -> None:
    printer.paper(ROWS // 2)
    printed = printer.print(SLIP)
    assert (printed.reach, printed.trouble) == (Reach.PARTLY, Trouble.PAPER)
    assert 0 < printed.bands < printed.of
    assert printer.machine.on_paper().height == ROWS // 2
    printer.paper(100_000)
    printer.look()
    assert printer.machine.on_paper().height == ROWS // 2, "the rest does not come out by itself"
    again = printer.print(SLIP)
    assert (again.reach, again.marked) == (Reach.WHOLE, True)


def test_bands_that_are_reported_are_on_the_paper(printer: sim.Driver) -> None:
    for rows in (60, 150, 333):
        printer.paper(rows)
        before = printer.machine.on_paper().height
        printed = printer.print(Slip(str(rows), SLIP.lines))
        assert printed.bands == rows // commands.BAND_ROWS
        assert printer.machine.on_paper().height - before == rows


def test_power_that_fails_in_the_middle(printer: sim.Driver) -> None:
    printer.power_fails_after(ROWS // 2)
    printed = printer.print(SLIP)
    assert (printed.reach, printed.trouble) == (Reach.PARTLY, Trouble.SILENT)
    assert printed.bands <= ROWS // 2 // commands.BAND_ROWS
    off = printer.print(SLIP)
    assert (off.reach, off.trouble) == (Reach.NOTHING, Trouble.SILENT)
    printer.power(on=True)
    assert printer.print(SLIP).marked


def test_a_cable_that_is_pulled_in_the_middle(printer: sim.Driver) -> None:
    long = Slip("long", SLIP.lines * 20)
    done: queue.SimpleQueue[Printed] = queue.SimpleQueue()
    thread = threading.Thread(target=lambda: done.put(printer.print(long)))
    thread.start()
    while printer.machine.on_paper().height < ROWS and thread.is_alive():
        time.sleep(0.001)
    printer.unplug()
    printed = done.get(timeout=5)
    thread.join()
    assert (printed.reach, printed.trouble) == (Reach.PARTLY, Trouble.GONE)
    printer.plug()
    assert printer.print(long).marked


def test_a_cover_that_is_opened_in_the_middle_and_shut(printer: sim.Driver) -> None:
    printer.cover(open=True)
    assert printer.print(SLIP) == Printed(Reach.NOTHING, 0, bands_of(SLIP), False, Trouble.COVER)
    printer.cover(open=False)
    assert printer.print(SLIP).reach is Reach.WHOLE


def bands_of(slip: Slip) -> int:
    return -(-draw(slip, 576).height // commands.BAND_ROWS)


# ---------------------------------------------------------------------------------------------- how it is


def test_every_trouble_is_told_apart(printer: sim.Driver) -> None:
    assert printer.look() == Look()
    printer.paper(500)
    assert printer.look() == Look(None, low=True)
    printer.paper(0)
    assert printer.look() == Look(Trouble.PAPER, low=True)
    printer.paper(100_000)
    printer.cover(open=True)
    assert printer.look() == Look(Trouble.COVER)
    printer.cover(open=False)
    printer.cutter(stuck=True)
    assert printer.look() == Look(Trouble.CUTTER)
    printer.cutter(stuck=False)
    printer.power(on=False)
    assert printer.look() == Look(Trouble.SILENT)
    printer.power(on=True)
    printer.unplug()
    assert printer.look() == Look(Trouble.GONE)
    printer.plug()
    assert printer.look() == Look()


def test_a_look_for_the_doctor(printer: sim.Driver) -> None:
    options = escpos.Driver.Options(path=str(printer.path), baud=115_200)
    assert escpos.Driver.probe(options).state is State.OK
    printer.paper(500)
    assert escpos.Driver.probe(options).state is State.WARN
    printer.cover(open=True)
    check = escpos.Driver.probe(options)
    assert (check.state, check.ja, check.do_ja) == (
        State.FAIL,
        "プリンターのふたが開いています",
        "ふたを閉めてください",
    )
    printer.unplug()
    assert "見つかりません" in escpos.Driver.probe(options).ja
    assert escpos.Driver.probe(escpos.Driver.Options(path="/dev/null", font="/none")).do_en.startswith("say:")


def test_every_trouble_has_words() -> None:
    assert set(escpos._SAID) == set(Trouble)


@given(st.dictionaries(st.integers(1, 4), st.integers(0, 255)))
def test_no_answer_makes_it_fail(answers: dict[int, int]) -> None:
    assert (status.read(answers).trouble is Trouble.SILENT) == (answers == {})


def test_answers_are_told_apart_by_their_bits() -> None:
    """DLE EOT: 0xx1xx10. GS r: xxx0xxxx below 80. XON, XOFF and the unasked ASB bytes are neither."""
    assert status.is_real_time(0x12)
    assert status.is_real_time(0x7E)
    assert status.is_in_turn(0x0F)
    for byte in (0x10, 0x11, 0x13, 0x93, 0x80):
        assert not status.is_real_time(byte)
        assert not status.is_in_turn(byte)


# ---------------------------------------------------------------------------------------------- files, and none


def test_into_a_file_all_that_can_be_said_is_that_it_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "slip.bin"
    path.touch()
    driver = escpos.Driver(escpos.Driver.Options(path=str(path), answers=False))
    assert driver.print(SLIP).reach is Reach.SENT
    machine = Machine(576)
    assert machine.work(path.read_bytes()) == b""
    (slip,) = machine.slips
    assert top_of(slip, draw(SLIP, 576))


def test_a_full_disk_or_a_missing_device(tmp_path: Path) -> None:
    full = escpos.Driver(escpos.Driver.Options(path="/dev/full", answers=False)).print(SLIP)
    assert (full.reach, full.trouble) == (Reach.PARTLY, Trouble.GONE)
    missing = escpos.Driver(escpos.Driver.Options(path=str(tmp_path / "none"))).print(SLIP)
    assert (missing.reach, missing.trouble) == (Reach.NOTHING, Trouble.GONE)


def test_a_line_that_somebody_else_has(printer: sim.Driver) -> None:
    options = escpos.Driver.Options(path=str(printer.path), baud=115_200)
    first, second = escpos.Driver(options), escpos.Driver(options)
    first._line.open()
    assert second.print(SLIP).trouble is Trouble.BUSY
    assert escpos.Driver.probe(options).state is State.BUSY
    first._line.close()


def test_no_printer_prints_nothing() -> None:
    assert none.Driver().print(SLIP).reach is Reach.NOTHING
    assert none.Driver().look() == Look(Trouble.GONE)


def test_a_printer_that_talks_nonsense_is_silent(tmp_path: Path) -> None:
    with far_end(tmp_path / "lp") as end, end.chatter(b"\x80\xff\x93AT\r\n", 0.02):
        driver = escpos.Driver(escpos.Driver.Options(path=str(end.path), baud=115_200))
        assert driver.print(SLIP).reach is Reach.NOTHING


def test_a_printer_that_stops_taking_anything(tmp_path: Path) -> None:
    """It answers that all is well, and then its buffer is full for good."""
    with far_end(tmp_path / "lp") as end, end.chatter(b"\x12", 0.02):
        driver = escpos.Driver(escpos.Driver.Options(path=str(end.path), baud=115_200, band_ms=100))
        printed = driver.print(SLIP)
        assert (printed.reach, printed.bands) == (Reach.PARTLY, 0)


# ---------------------------------------------------------------------------------------------- the machine itself


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_in_any_chunks(chunks: list[bytes]) -> None:
    whole, pieces = Machine(64), Machine(64)
    whole.rows_left = pieces.rows_left = 500
    together = whole.work(b"".join(chunks))
    apart = b"".join(pieces.work(chunk) for chunk in chunks)
    assert sorted(together) == sorted(apart)
    assert whole.on_paper().tobytes() == pieces.on_paper().tobytes()


def test_a_question_inside_a_picture_is_answered_too() -> None:
    """As real printers do; whoever asks must not take that for the answer to a later question."""
    machine = Machine(64)
    picture = b"\x1dv0\x00\x08\x00\x01\x00" + b"\x10\x04\x01" + bytes(5)
    assert machine.work(picture) == b"\x12"
    assert machine.on_paper().size == (64, 1)


def test_dots_that_look_like_questions_confuse_nobody(printer: sim.Driver) -> None:
    evil = Image.frombytes("1", (576, 96), bytes(255 - byte for byte in b"\x10\x04\x01\x10\x04\x04" * 1152))
    machine_bytes = b"".join(commands.bands(evil))
    assert b"\x10\x04\x01" in machine_bytes
    printer._real._line.open()
    talk = escpos._Talk(printer._real._line, printer._real._options)
    assert talk.send(machine_bytes)
    assert talk.confirmed_to(1)
    assert talk.look() == Look()
    printer._real._line.close()


def answer_four_times(end: FarEnd) -> None:
    for _ in range(4):
        assert len(end.heard(3)) == 3
        end.say(b"\x12")


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next(tmp_path: Path) -> None:
    with far_end(tmp_path / "lp") as end:
        driver = escpos.Driver(escpos.Driver.Options(path=str(end.path), baud=115_200))
        driver._line.open()
        end.say(b"\x1e")  # the paper ends soon; as the answer to another question it would be an open cover
        answering = threading.Thread(target=answer_four_times, args=(end,))
        answering.start()
        assert escpos._Talk(driver._line, driver._options).look() == Look()
        answering.join()
        driver._line.close()


def test_slips_are_kept_as_pictures(tmp_path: Path) -> None:
    printer = sim.Driver(sim.Driver.Options(dots=384, save=str(tmp_path)))
    printer.print(SLIP)
    printer.print(SLIP)
    printer.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slip-0001.png", "slip-0002.png"]
    with Image.open(tmp_path / "slip-0001.png") as picture:
        assert picture.width == 384
