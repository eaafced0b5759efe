"""Nobody can tell from a month of payments what 1 to 4 people did: somebody tries, with all small months there are."""

from itertools import product
from typing import get_type_hints

import msgspec
import pytest

from central.hiding import Cell, K
from programs.coin.entries import KINDS as ALL_KINDS
from programs.coin.lots.fold import Lot
from programs.coin.postings import moves
from programs.coin.settlement.accounts import SHOP
from programs.coin.settlement.facts import Transfer, TransferBack
from programs.coin.settlement.statement import SHOPS, part_of
from programs.coin.turnover.ages import FOR_EVER, Ages, Band, ages
from programs.coin.turnover.books import KINDS
from programs.coin.turnover.counting import Calendar, Charge, Counted, Line, count
from programs.coin.turnover.hiding import Shown, shown
from sync.entries import Entry, Fact, kind_of
from sync.messages import OFFICE_STREAM, ONE_UNIT, TOWN_STREAM
from sync.program import DAY_MS

OCTOBER, NOVEMBER = 20_727, 20_758  # first days
MONTH = Calendar(NOVEMBER * DAY_MS, (NOVEMBER + 30) * DAY_MS, 0)


def card(number: int) -> str:
    return f"{number:032x}"


def paid(who: int, place: str, yen: int = 100, kind: str = "coin.pay", hour: int = 10) -> Line:
    at = NOVEMBER * DAY_MS + hour * 3_600_000 + who
    return Line(f"{place}01", at, at + 1000, kind, card(who), place, yen)


def month(lines: list[Line], charges: list[Charge] | None = None, first: int = OCTOBER) -> Counted:
    return count(lines, charges or [], {line.card: first * DAY_MS for line in lines}, MONTH)


def two_shops(only_one: int, only_other: int, both: int, more: tuple[int, int]) -> Counted:
    """Return a month at two shops; `more`: so many payments more than people there are at each."""
    here, there = range(only_one + both), range(only_one, only_one + both + only_other)
    lines = [paid(who, "bakery") for who in here] + [paid(who, "fish") for who in there]
    lines += [paid(here[0], "bakery")] * more[0] if here else []
    lines += [paid(there[0], "fish")] * more[1] if there else []
    return month(lines)


@pytest.mark.threat("somebody told from published figures")
@pytest.mark.parametrize(("k", "most"), [(3, 10), (4, 11)])
def test_who_paid_at_which_of_two_shops_cannot_be_told(k: int, most: int) -> None:
    """How many paid in all is said; from it and from each shop, nobody can tell a small number of one or of both."""
    worlds: dict[bytes, list[set[int]]] = {}
    for one, other, both, *more in product(range(most + 1), repeat=5):
        is_possible = (one + both or not more[0]) and (other + both or not more[1])
        if is_possible and one + other + 2 * both + sum(more) <= most:
            seen = msgspec.json.encode(public(shown(two_shops(one, other, both, (more[0], more[1])), k)))
            possible = worlds.setdefault(seen, [set() for _ in range(5)])
            for numbers, number in zip(possible, (one, other, both, one + both, other + both), strict=True):
                numbers.add(number)
    assert len(worlds) > 20
    for known, possible in worlds.items():
        for numbers in possible:
            assert len(numbers) > 1 or not 0 < min(numbers) < k, f"{known.decode()}: {possible}"


def public(seen: Shown) -> object:
    """Return what is shown without the table by hour, in which everybody came at one hour."""
    return msgspec.to_builtins(msgspec.structs.replace(seen, at={}), str_keys=True)


def test_a_shop_of_few_people_takes_the_smallest_large_one_with_it_and_yen_go_with_people() -> None:
    lines = [paid(who, "bakery") for who in range(4)]
    lines += [paid(who, "fish") for who in range(10, 17)] + [paid(who, "tea") for who in range(20, 40)]
    seen = shown(month(lines))
    assert list(seen.shops) == ["tea"]
    assert (seen.shops["tea"].yen, seen.shops["tea"].people_at_least, seen.hidden_shops) == (2_000, 20, 2)
    assert (seen.yen, seen.payments, seen.people) == (3_100, 31, 30)


def test_a_month_of_few_people_is_hidden_whole_and_an_empty_one_is_not() -> None:
    few = shown(month([paid(who, "fish") for who in range(K - 1)]))
    assert few.is_hidden
    assert (few.yen, few.people, few.shops, few.at, few.all_shops) == (None, None, {}, {}, 1)
    nobody = shown(month([]))
    assert (nobody.payments, nobody.yen, nobody.all_shops) == (0, 0, 0)
    given_back = shown(month([paid(1, "fish", -300, "coin.refund")]))
    assert given_back.is_hidden, "what one person got back is not the month's turnover"


def test_what_few_people_got_back_is_hidden() -> None:
    lines = [paid(who, "fish") for who in range(20)]
    few = [paid(who, "fish", -50, "coin.shop-refund", 11) for who in range(2)]
    many = [paid(who, "fish", -50, "coin.shop-refund", 11) for who in range(6)]
    assert shown(month(lines + few)).back is None
    assert (shown(month(lines + many)).back, shown(month(lines + many)).yen) == (300, 1_700)


def test_a_void_takes_its_payment_away_from_every_table() -> None:
    lines = [paid(who, "fish") for who in range(8)]
    mistyped = [paid(8, "fish", 90_000), paid(8, "fish", -90_000, "coin.void", 10), paid(8, "fish", 900)]
    assert shown(month(lines + mistyped)) == shown(month([*lines, paid(8, "fish", 900)]))
    alone = month([*lines, paid(8, "fish", 700, hour=9), paid(8, "fish", -700, "coin.insured-void", 12)])
    assert alone.payments == Cell(8, 8)
    assert (0, 9) not in alone.at


def test_charges_and_payments_at_two_places_are_brought_together_in_fives() -> None:
    lines = [paid(who, "fish") for who in range(12)] + [paid(who, "bakery") for who in range(30, 40)]
    charges = [Charge(card(who), "hall", 1_000) for who in range(4, 40)]
    seen = shown(month(lines, charges))
    assert seen.desks["hall"].yen == 36_000
    assert seen.desks["hall"].people_at_least == 35
    assert seen.together["hall", "fish"] == 5, "eight of them"
    few = shown(month(lines, charges[:2]))
    assert (few.desks, few.all_desks, few.together) == ({}, 1, {})


def test_late_arrivals_new_people_and_ways_are_parts_of_the_payments() -> None:
    late = [paid(who, "fish")._replace(received_ms=MONTH.ends_ms) for who in range(6)]
    lines = [paid(who, "fish", kind="coin.online") for who in range(10, 30)]
    seen = shown(month(late + lines))
    assert (seen.late, seen.ways["phone"], seen.ways["card"], seen.ways["fund"]) == (6, 20, 6, 0)
    assert (seen.people, seen.new, seen.returning) == (25, 0, 25)
    assert shown(month(late[:2] + lines)).late is None
    assert shown(month(late + lines, first=NOVEMBER)).new == 25


def test_what_the_office_puts_right_is_about_nobody() -> None:
    lines = [paid(who, "fish") for who in range(8)]
    right = paid(0, "tea", 5_000, "coin.compensated")._replace(card="")
    seen = shown(month([*lines, right]))
    assert (seen.yen, seen.payments, seen.shops["tea"].yen, seen.shops["tea"].payments) == (5_800, 8, 5_000, 0)


def test_every_kind_that_moves_a_shops_money_is_counted_or_left_out_on_purpose() -> None:
    """A new kind of entry must not make the figures another sum than the ledger's."""
    writers = ("fish01", OFFICE_STREAM, TOWN_STREAM, f"{ONE_UNIT}fish")
    moving = {
        kind_of(kind)
        for kind in ALL_KINDS
        for writer in writers
        for move in moves(Entry(writer, "00", 1, 0, any_fact(kind)))
        if any(account.startswith(SHOP) for account in (move.source, move.target))
    }
    assert {"coin.pay", "coin.online", "coin.repaid", "coin.transfer", "coin.drawn"} <= moving
    of_the_bank = {kind_of(Transfer), kind_of(TransferBack)}
    assert moving - of_the_bank - {kind for kind in moving if part_of(kind) == SHOPS} == set(KINDS)


def any_fact(kind: type[Fact]) -> Fact:
    hints = get_type_hints(kind)
    return kind(**{name: 100 if hints[name] is int else "fish" for name in kind.__struct_fields__})


def lot(day: int, left: int, expires: int = 0) -> Lot:
    return Lot("hall01/00/1", "cash", day, expires, left, left)


def test_what_is_on_cards_is_told_by_age_and_by_when_it_runs_out() -> None:
    new = [(card(who), lot(NOVEMBER - 30, 1_000, NOVEMBER + 31)) for who in range(12)]
    old = [(card(who), lot(NOVEMBER - 400, 500)) for who in range(7)]
    found = ages([*new, *old, (card(90), lot(0, 0))], 0, NOVEMBER)
    assert (found.yen, found.since[0], found.since[4]) == (15_500, Band(12_000, 10), Band(3_500, 5))
    assert (found.since[1], found.until[1], found.until[FOR_EVER]) == (Band(0, 0), Band(12_000, 10), Band(3_500, 5))
    few = ages([*new, *old[:3]], 200, NOVEMBER)
    assert (few.yen, few.short) == (13_500, 200)
    assert few.since == dict.fromkeys((1, 2, 3), Band(0, 0)), "three people have it for so long, and all have the rest"
    assert ages(old[:3], 0, NOVEMBER) == Ages(None, 0, {}, {})
