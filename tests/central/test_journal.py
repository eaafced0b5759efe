"""The journal explorer: who finds which entries, a page at a time; what it says of a chain; one payment followed."""

import csv
import io
import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from central import incidents, store
from central.centre import Centre
from central.console.asked import BYTE_ORDER
from central.console.journal import chains, lines
from central.console.journal.chains import walk
from central.console.journal.lines import Behind, Wanted
from central.store import reading
from sync.accounts import Role
from sync.entries import EntryId
from sync.facts import Gap
from sync.messages import OFFICE_STREAM
from sync.residents import CardRead
from sync.segment import from_text, pack, to_text, unpack
from tests.central.pen import AT, Pen, touch
from tests.central.street import CARD
from tests.central.visiting import Browser

OTHER = "5e" * 16
CONFLICT, FORBIDDEN, NOT_FOUND, OK = 409, 403, 404, httpx.codes.OK


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def pen(centre: Centre) -> Pen:
    """Two units that were used in turn, one of them by two cards."""
    pen = Pen.enrolled(centre)
    pen.send(pen.begin(*(touch(card=CARD if number % 3 else OTHER) for number in range(80))))
    bus = Pen.enrolled(centre, "bus01", "bus")
    bus.send(bus.begin(*(touch() for _ in range(40))))
    centre.reconciler.catch_up()
    return pen


@pytest.fixture
def browser(pen: Pen) -> Iterator[Browser]:
    with Browser(pen.centre) as one:
        one.come_as(Role.OFFICER)
        yield one


def shown(page: str) -> list[str]:
    """Return the entries of a page, in its order."""
    return re.findall(
        r'title="([a-z0-9-]+/[0-9a-f]{16}/[0-9]+)"', page.partition('id="lines"')[2].partition("</table>")[0]
    )


def older(page: str) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def all_pages(browser: Browser, address: str) -> list[list[str]]:
    found = []
    while address:
        page = browser.get(address)
        assert page.status_code == OK, page.text
        found.append(shown(page.text))
        address = older(page.text)
    return found


def test_every_entry_is_on_one_page_and_on_no_other(centre: Centre, browser: Browser) -> None:
    pages = all_pages(browser, "/journal")
    found = [one for page in pages for one in page]
    with reading(centre.engine) as connection:
        held = connection.execute(sa.select(lines.ENTRY.writer, lines.ENTRY.boot, lines.ENTRY.seq)).all()
    assert sorted(found) == sorted(str(EntryId(*one)) for one in held)
    assert [len(page) for page in pages[:-1]] == [lines.LINES_SHOWN] * (len(pages) - 1)
    assert len(pages) > 2


def test_what_comes_while_somebody_reads_on_changes_nothing_behind(browser: Browser, pen: Pen) -> None:
    first = browser.get("/journal?unit=lib01").text
    pen.send(pen.write(*(touch() for _ in range(60))))
    pen.centre.reconciler.catch_up()
    behind = shown(browser.get(older(first)).text)
    assert behind == [f"lib01/{pen.boot}/{seq}" for seq in range(31, 0, -1)]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("unit=lib01", 81),
        ("unit=bus01", 41),
        ("unit=bus01&kind=boot", 1),
        ("kind=visits.touch", 120),
        ("unit=lib01&kind=coin.pay", 0),
        ("unit=lib01&since=2026-11-23&until=2026-11-23", 81),
        ("unit=lib01&since=2026-11-24", 0),
        ("unit=lib01&until=2026-11-22", 0),
    ],
)
def test_filters_stand_in_the_address(browser: Browser, asked: str, count: int) -> None:
    assert sum(map(len, all_pages(browser, f"/journal?{asked}"))) == count


def test_days_are_the_towns_and_go_by_the_clock_of_whoever_wrote(browser: Browser, pen: Pen) -> None:
    with reading(pen.centre.engine) as connection:
        early = Wanted(unit="lib01", since_ms=AT + 10, until_ms=AT + 13)
        seqs = [row.seq for row in connection.execute(early.ask(10))]
        assert seqs == [12, 11, 10]
        behind = Wanted(unit="lib01", behind=Behind(AT + 12, EntryId("lib01", pen.boot, 12)))
        assert connection.execute(behind.ask(1)).one().seq == 11
    assert browser.get("/journal?since=yesterday").status_code == CONFLICT
    assert "2026-12-01 のように" in browser.get("/journal?since=yesterday").text


@pytest.mark.threat("a clerk who is curious about somebody")
def test_a_card_is_asked_for_with_a_reason_and_that_is_noted_first(browser: Browser) -> None:
    for asked in ("card=5e5e5e", "card=5e5e5e&why=other&because=", "card=5e5e5e&why=because"):
        page = browser.get(f"/journal?{asked}")
        assert page.status_code == CONFLICT
        assert shown(page.text) == []
    assert browser.noted(CardRead) == []
    found = all_pages(browser, "/journal?card=5e5e5e&why=phone")
    assert sum(map(len, found)) == 27
    assert browser.noted(CardRead) == [CardRead(OTHER, "hanako", "電話の問い合わせ")]
    browser.centre.reconciler.catch_up()
    assert "5e5e5e5e" in browser.get("/audit").text
    table = browser.get("/journal.csv?card=5e5e5e&why=phone")
    assert table.status_code == OK
    assert table.text.count(OTHER) == 27 + 1, "and the look before, which an officer may see"
    assert browser.noted(CardRead)[-1] == CardRead(OTHER, "hanako", "電話の問い合わせ(表)")
    browser.centre.reconciler.catch_up()
    assert f",{OTHER}" in browser.get("/audit.csv").text


def test_where_a_look_at_a_card_cannot_be_noted_nothing_is_shown(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no room left")

    monkeypatch.setattr(browser.centre.registration, "look_at_card", full)
    with pytest.raises(OSError, match="no room"):
        browser.get("/journal?card=5e5e5e&why=phone")


@pytest.mark.parametrize("typed", ["5e5", "ffffff", "zzzzzz", "123456789012"])
def test_a_number_that_is_no_cards_finds_nothing(browser: Browser, typed: str) -> None:
    page = browser.get(f"/journal?card={typed}&why=phone")
    assert page.status_code == CONFLICT
    assert shown(page.text) == []
    assert browser.noted(CardRead) == []


def test_a_beginning_that_two_cards_share_is_asked_for_at_more_length(browser: Browser, pen: Pen) -> None:
    pen.send(pen.write(touch(card=OTHER[:-1] + "0")))
    pen.centre.reconciler.catch_up()
    assert "もっと長く" in browser.get("/journal?card=5e5e5e&why=phone").text
    assert len(shown(browser.get(f"/journal?card={OTHER}&why=phone").text)) == 27
    assert len(shown(browser.get(f"/journal?card={OTHER[:-1]}0&why=phone").text)) == 1


def test_the_offices_own_entries_are_only_for_those_who_watch_over_it(browser: Browser) -> None:
    for role, may in ((Role.CLERK, False), (Role.TREASURER, False), (Role.OFFICER, True), (Role.AUDITOR, True)):
        browser.come_as(role)
        writers = {one.partition("/")[0] for page in all_pages(browser, "/journal") for one in page}
        rows = list(csv.reader(io.StringIO(browser.get("/journal.csv").text)))[1:]
        for found in (writers, {row[3].partition("/")[0] for row in rows}):
            assert (found == {"lib01", "bus01"}) != may, role
            assert ({"town", "to-lib01"} <= found) == may, role
        for address in ("/journal?unit=office", "/journal?unit=to-lib01", "/journal.csv?unit=town"):
            assert browser.get(address).status_code == (OK if may else FORBIDDEN), role
        assert ("to-lib01" in browser.get("/journal").text) == may


def test_the_table_has_what_the_page_shows_and_what_is_behind(centre: Centre, browser: Browser, pen: Pen) -> None:
    first = browser.get("/journal?unit=lib01").text
    answer = browser.get("/journal.csv?unit=lib01")
    assert answer.text.startswith(BYTE_ORDER)
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER))))
    assert [row["entry"] for row in rows] == [f"lib01/{pen.boot}/{seq}" for seq in range(81, 0, -1)]
    (segment,) = pieces(centre, "lib01")
    assert [bytes.fromhex(row["hash"]) for row in reversed(rows)] == from_text(unpack(segment.packed)).hashes()
    assert rows[0]["written"].startswith("2026-11-23T")
    assert {row["card"] for row in rows} == {"", CARD[:8], OTHER[:8]}, "whole numbers only of a card that is asked for"
    behind = older(first).replace("/journal", "/journal.csv")
    rest = list(csv.DictReader(io.StringIO(browser.get(behind).text.removeprefix(BYTE_ORDER))))
    assert [row["entry"] for row in rest] == [row["entry"] for row in rows[lines.LINES_SHOWN :]]


# ---- chains


def pieces(centre: Centre, writer: str) -> list[sa.Row[tuple[object, ...]]]:
    table = store.segment
    with reading(centre.engine) as connection:
        return list(connection.execute(sa.select(table).where(table.c.writer == writer).order_by(table.c.n)).all())


def walked(centre: Centre, writer: str, most: int = chains.SEGMENTS_CHECKED) -> chains.Walk:
    with reading(centre.engine) as connection:
        return walk(connection, writer, centre.town.signer.public, most)


def state(browser: Browser, unit: str) -> str:
    page = browser.get(f"/journal?unit={unit}").text
    found = re.search(r'id="state".*?</b> (\S+) ', page, re.DOTALL)
    assert found
    return found[1]


def test_a_chain_is_whole_through_runs_and_through_the_centres_own_journals(browser: Browser, pen: Pen) -> None:
    for _ in range(3):
        pen.send(pen.begin(touch(), touch()))
        pen.send(pen.write(touch()))
    pen.centre.reconciler.catch_up()
    for writer, count in (("lib01", 81 + 12), ("bus01", 41), ("town", None), ("to-lib01", None), (OFFICE_STREAM, None)):
        found = walked(pen.centre, writer)
        assert found.broken is None, writer
        assert found.is_all, writer
        assert count in (None, found.entries)
        assert state(browser, writer) == "連続"
    part = walked(pen.centre, "lib01", 3)
    assert (part.entries, part.is_all, part.back_to) == (1 + 3 + 1, False, EntryId("lib01", f"{3:016x}", 4))


@pytest.mark.parametrize("what", ["body", "seal", "first", "cut"])
def test_a_chain_that_was_changed_behind_the_centres_back_is_broken_and_it_says_where(
    browser: Browser, pen: Pen, what: str
) -> None:
    changed_at, boot = pen.seq + 1, pen.boot
    pen.send(pen.write(touch(), touch(), touch()))
    pen.send(pen.write(touch(), touch()))
    pen.send(pen.begin(touch()))
    pen.centre.reconciler.catch_up()
    assert state(browser, "lib01") == "連続"
    (which,) = [one for one in pieces(pen.centre, "lib01") if (one.boot, one.first) == (boot, changed_at)]
    newest = pieces(pen.centre, "lib01")[-1]
    changed, broken = from_text(unpack(which.packed)), f"lib01/{boot}/{changed_at + 3}"
    table = store.segment
    with pen.centre.engine.begin() as connection:
        if what == "body":
            bodies = (changed.bodies[0].replace(b'"proof":"card"', b'"proof":"none"'), *changed.bodies[1:])
            packed = pack(to_text(msgspec.structs.replace(changed, bodies=bodies)))
            connection.execute(sa.update(table).where(table.c.n == which.n).values(packed=packed))
        elif what == "seal":
            last, broken = from_text(unpack(newest.packed)), f"lib01/{newest.boot}/2"
            packed = pack(to_text(msgspec.structs.replace(last, seal=bytes(64))))
            connection.execute(sa.update(table).where(table.c.n == newest.n).values(packed=packed))
        elif what == "first":
            connection.execute(sa.delete(table).where(table.c.n == which.n))
        else:
            connection.execute(sa.update(table).where(table.c.n == which.n).values(packed=which.packed[:-9]))
    assert state(browser, "lib01") == "切れ"
    page = browser.get("/journal?unit=lib01").text
    assert f"<code>{broken}</code> の前で切れています" in page
    assert "AUD-011" in page
    assert state(browser, "bus01") == "連続"
    assert ("保存された中身が読めません" in page) == (what in ("first", "cut"))


def test_what_was_declared_as_lost_is_a_break_until_it_is_found(browser: Browser, pen: Pen) -> None:
    was, good = pen.boot, pen.place
    lost = pen.write(touch(), touch())
    rest = pen.write(touch())
    pen.send(pen.begin(Gap(was, lost.first, lost.last, rest.prev.hex(), "damaged"), after=good))
    pen.send(rest)
    pen.centre.reconciler.catch_up()
    place = f"lib01/{was}/{lost.first}–{lost.last}"
    for address in ("/journal", "/journal?unit=lib01"):
        page = browser.get(address).text
        assert place in page
        assert "切れ <span" in page
    found = walked(pen.centre, "lib01")
    assert (found.broken, found.is_all, found.entries) == (None, True, 81 + 1 + 2)
    pen.send(lost)
    with pen.centre.engine.begin() as connection:
        assert incidents.close(connection, pen.centre.streams, 1, "it was found", AT)
    pen.centre.reconciler.catch_up()
    assert walked(pen.centre, "lib01").entries == 81 + 1 + 2 + 2
    assert state(browser, "lib01") == "連続"
    assert "切れ <span" not in browser.get("/journal").text
