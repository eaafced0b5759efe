"""What is one account's is another's: from then on, with what is there, what is lacking, and what arrives late."""

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central import heirs, ledger
from central.heirs import Heir
from central.ledger import Booked, Move, free, held, short, suspense
from central.store import open_engine
from sync.entries import Entry
from sync.messages import OFFICE_STREAM
from sync.rights import Grant, Lost, Recall, Returned

OLD, NEW, NEWEST = ("coin/" + f"{n:02x}" * 16 for n in (1, 2, 3))
BOOT = "9f3c0a1b22d4e5f6"
AT_SHOP = held(OLD, "shop01", 1)
IN_SUSPENSE = f"{suspense('shop01', 1)}/{OLD}"
LOST = heirs.of_life("shop01", 1, suspense("shop01", 1))
MOVED = Heir(free(OLD), free(NEW))
MOVED_ON = Heir(free(NEW), free(NEWEST))


@pytest.fixture
def books() -> Iterator[sa.Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        ledger.metadata.create_all(connection)
        yield connection
    engine.dispose()


def book(books: sa.Connection, *steps: Move | Heir, at_once: bool = False) -> None:
    """Book each step as an entry of its own, in one batch or one by one."""
    before = int(books.execute(sa.select(sa.func.coalesce(sa.func.max(ledger.posting.c.seq), 0))).scalar_one())
    booked = [
        Booked(Entry("shop01", BOOT, seq, 0, Recall("shop01", 1, OLD, 1)), (step,))
        if isinstance(step, Move)
        else Booked(Entry("office", BOOT, seq, 0, Recall("shop01", 1, OLD, 1)), heirs=(step,))
        for seq, step in enumerate(steps, before + 1)
    ]
    for some in [booked] if at_once else [[one] for one in booked]:
        ledger.book(books, some)


def standing(books: sa.Connection) -> dict[str, int]:
    assert ledger.total(books) == 0
    table = ledger.account
    return {row.name: row.balance for row in books.execute(sa.select(table)) if row.balance}


def wipe(books: sa.Connection) -> None:
    for table in (ledger.posting, ledger.account, heirs.heir):
        books.execute(sa.delete(table))


def test_what_is_there_goes_over_and_what_comes_later_follows(books: sa.Connection) -> None:
    book(books, Move("cash/desk01", free(OLD), 3000), MOVED, Move("cash/desk01", free(OLD), 2000))
    assert standing(books) == {"cash/desk01": -5000, free(NEW): 5000}


def test_what_is_lacking_goes_over_as_well(books: sa.Connection) -> None:
    book(books, Move(free(OLD), AT_SHOP, 700), MOVED)
    assert standing(books) == {short(free(NEW)): -700, AT_SHOP: 700}
    book(books, Move("cash/desk01", free(OLD), 1000))
    assert standing(books) == {"cash/desk01": -1000, free(NEW): 300, AT_SHOP: 700}


def test_what_went_from_one_to_his_heir_is_where_it_is(books: sa.Connection) -> None:
    book(books, MOVED, Move(free(OLD), free(NEW), 1))
    assert standing(books) == {}


def test_a_lost_life_goes_into_suspense_thing_by_thing(books: sa.Connection) -> None:
    other = held(NEW, "shop01", 1)
    there = held(OLD, "shop01", 11), held(OLD, "other-shop01", 1), held(OLD, "shop01", 2)
    book(books, *(Move("cash/desk01", name, 100) for name in (AT_SHOP, other, *there)), LOST)
    book_of = {IN_SUSPENSE: 100, f"{suspense('shop01', 1)}/{NEW}": 100, **dict.fromkeys(there, 100)}
    assert standing(books) == {"cash/desk01": -500, **book_of}


def test_an_heir_of_an_heir_gets_it(books: sa.Connection) -> None:
    book(books, MOVED_ON, Move("cash/desk01", free(NEW), 1), MOVED, Move("cash/desk01", free(OLD), 10))
    assert standing(books) == {"cash/desk01": -11, free(NEWEST): 11}
    assert heirs.follow(books, [free(OLD), free(NEW)]) == {free(OLD): free(NEWEST), free(NEW): free(NEWEST)}


def test_what_was_said_first_counts_and_nothing_goes_round_in_circles(books: sa.Connection) -> None:
    book(books, MOVED, MOVED_ON, Heir(free(OLD), "elsewhere"), Heir(free(NEWEST), free(OLD)), Heir("alone", "alone"))
    book(books, Move("cash/desk01", free(OLD), 10))
    assert standing(books) == {"cash/desk01": -10, free(NEWEST): 10}


def test_what_a_lost_life_gave_back_too_late_stays_in_suspense(books: sa.Connection) -> None:
    """It is the card's either way, and would be given twice."""
    grant, back = Grant("shop01", 1, OLD, 1600), Returned(1, OLD, 600)
    book(books, Move("cash/desk01", free(OLD), 1600))
    said = [
        Entry("to-shop01", BOOT, 1, 0, grant),
        Entry(OFFICE_STREAM, BOOT, 1, 0, Lost("shop01", 1)),
        Entry("shop01", "04c1d2e3f4a5b697", 1, 0, back),
    ]
    ledger.book(books, [Booked(one, ledger.of_rights(one), ledger.of_losses(one)) for one in said])
    assert standing(books) == {"cash/desk01": -1600, IN_SUSPENSE: 1600}


STEPS: tuple[Move | Heir, ...] = (
    Move("cash/desk01", free(OLD), 3000),
    Move(free(OLD), AT_SHOP, 1600),
    Move(AT_SHOP, "shop/fish", 1280),
    LOST,
    MOVED,
)


def test_in_whichever_order_entries_arrive_the_books_are_the_same(books: sa.Connection) -> None:
    for number, order in enumerate(itertools.permutations(STEPS)):
        wipe(books)
        book(books, *order, at_once=number % 2 == 0)
        assert standing(books) == {"cash/desk01": -3000, free(NEW): 1400, IN_SUSPENSE: 320, "shop/fish": 1280}


NAMES = st.sampled_from([free(OLD), free(NEW), AT_SHOP, held(NEW, "shop01", 1), "shop/fish", "cash/desk01"])
SOME = st.builds(Move, NAMES, NAMES, st.integers(1, 50)).filter(
    lambda move: move.source != move.target and move.target != free(heirs.what_of(move.source))
)


@given(moves=st.lists(SOME, max_size=6), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_moves_the_order_does_not_matter(books: sa.Connection, moves: list[Move], data: st.DataObject) -> None:
    """But for what a lost life gives back: see the test before."""
    found = []
    for _ in range(2):
        wipe(books)
        order: list[Move | Heir] = data.draw(st.permutations([*moves, LOST, MOVED, MOVED_ON]))
        book(books, *order, at_once=data.draw(st.booleans()))
        found.append(standing(books))
    assert found[0] == found[1]
