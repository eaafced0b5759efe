"""The ledger: every yen is somewhere, nobody is below zero, and nothing is booked twice."""

import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from central import ledger
from central.ledger import Booked, Move, free, held, short
from central.store import open_engine
from sync.entries import Entry, Fact
from sync.rights import Grant, Recall, Returned

MONEY = "coin/" + "0a" * 16
BOOT = "9f3c0a1b22d4e5f6"
HELD = held(MONEY, "shop01", 1)
SALE = Move(HELD, "shop/fish", 1280)


@pytest.fixture
def books() -> Iterator[sa.Connection]:
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        ledger.metadata.create_all(connection)
        yield connection
    engine.dispose()


def entry(seq: int, fact: Fact, unit: str = "shop01") -> Entry:
    return Entry(unit, BOOT, seq, 0, fact)


def booked(seq: int, *moves: Move) -> Booked:
    return Booked(entry(seq, Recall("shop01", 1, MONEY, 1)), moves)


def charged(books: sa.Connection, amount: int = 3000) -> None:
    ledger.book(books, [booked(1000, Move("cash/desk01", free(MONEY), amount))])


def said(books: sa.Connection, *entries: Entry) -> None:
    ledger.book(books, [Booked(one, ledger.of_rights(one)) for one in entries])


def test_a_grant_takes_from_what_is_free_and_a_return_brings_it_back(books: sa.Connection) -> None:
    charged(books)
    said(books, entry(1, Grant("shop01", 1, MONEY, 1600), "to-shop01"))
    assert (ledger.balance(books, free(MONEY)), ledger.balance(books, held(MONEY, "shop01", 1))) == (1400, 1600)
    said(books, entry(2, Recall("shop01", 1, MONEY, 900), "to-shop01"))
    assert ledger.balance(books, held(MONEY, "shop01", 1)) == 1600, "lower only once the unit has said so"
    said(books, entry(1, Returned(1, MONEY, 900)))
    assert (ledger.balance(books, free(MONEY)), ledger.balance(books, held(MONEY, "shop01", 1))) == (2300, 700)
    assert ledger.total(books) == 0


def test_the_rights_of_two_lives_of_a_unit_are_two_accounts(books: sa.Connection) -> None:
    charged(books)
    said(books, entry(1, Grant("shop01", 1, MONEY, 1600), "to-shop01"))
    said(books, entry(2, Grant("shop01", 2, MONEY, 900), "to-shop01"), entry(1, Returned(2, MONEY, 900)))
    assert ledger.balance(books, held(MONEY, "shop01", 1)) == 1600


def test_what_nobody_had_is_short_and_the_shop_is_paid(books: sa.Connection) -> None:
    """Two boots of one disk both spent what was granted once; both sales were heard, and both count."""
    charged(books)
    said(books, entry(1, Grant("shop01", 1, MONEY, 1600), "to-shop01"))
    ledger.book(books, [booked(1, SALE), booked(2, SALE)])
    assert ledger.balance(books, "shop/fish") == 2560
    assert ledger.balance(books, HELD) == 0
    assert ledger.balance(books, short(HELD)) == -960
    assert ledger.total(books) == 0


def test_what_comes_late_makes_good_what_is_short(books: sa.Connection) -> None:
    """A restored centre may hear of a sale before it hears again of the grant that it had made for it."""
    charged(books)
    ledger.book(books, [booked(1, SALE)])
    assert ledger.balance(books, short(HELD)) == -1280
    said(books, entry(1, Grant("shop01", 1, MONEY, 1600), "to-shop01"))
    assert (ledger.balance(books, short(HELD)), ledger.balance(books, HELD)) == (0, 320)
    lines = books.execute(
        sa.select(ledger.posting.c.target, ledger.posting.c.amount).where(ledger.posting.c.writer == "to-shop01")
    )
    assert lines.all() == [(short(HELD), 1280), (HELD, 320)]


def test_within_one_batch_order_counts(books: sa.Connection) -> None:
    """What was charged at a unit and given back before the centre heard of either is no shortage."""
    charge = Move("cash/desk01", held(MONEY, "desk01", 1), 3000)
    back = entry(2, Returned(1, MONEY, 3000), "desk01")
    ledger.book(books, [booked(1, charge), Booked(back, ledger.of_rights(back))])
    assert (ledger.balance(books, free(MONEY)), ledger.total(books)) == (3000, 0)
    shorts = books.execute(sa.select(ledger.account).where(ledger.account.c.name.startswith("short/"))).all()
    assert shorts == []


def test_an_entry_is_booked_once(books: sa.Connection) -> None:
    charged(books)
    with pytest.raises(sa.exc.IntegrityError):
        charged(books)


def test_the_database_itself_refuses_an_account_below_zero(books: sa.Connection) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="ledger_account_is_covered"):
        books.execute(sa.insert(ledger.account).values(name=free(MONEY), may_owe=0, balance=-1))


def test_in_whichever_order_entries_arrive_the_books_are_the_same(books: sa.Connection) -> None:
    moves = [Move("cash/desk01", free(MONEY), 3000), Move(free(MONEY), HELD, 1600), SALE, Move(HELD, free(MONEY), 320)]
    found = set()
    for order in itertools.permutations(range(len(moves))):
        books.execute(sa.delete(ledger.posting))
        books.execute(sa.delete(ledger.account))
        ledger.book(books, [booked(at + 1, moves[at]) for at in order])
        asked = sa.select(ledger.account.c.name, ledger.account.c.balance).where(ledger.account.c.balance != 0)
        found.add(tuple(books.execute(asked.order_by(ledger.account.c.name)).all()))
    assert len(found) == 1


ACCOUNTS = [free(MONEY), held(MONEY, "shop01", 1), held(MONEY, "bus01", 1), "shop/fish", "cash/desk01"]


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 5000)), max_size=20),
    cut=st.integers(0, 20),
)
def test_whatever_is_booked_every_yen_is_somewhere(drawn: list[tuple[str, str, int]], cut: int) -> None:
    engine = open_engine("sqlite://")
    moves = [Move(source, target, amount) for source, target, amount in drawn if source != target]
    wanted = [booked(seq, move) for seq, move in enumerate(moves, 1)]
    with engine.begin() as connection:
        ledger.metadata.create_all(connection)
        ledger.book(connection, wanted[:cut])
        ledger.book(connection, wanted[cut:])
        rows = connection.execute(sa.select(ledger.account.c.name, ledger.account.c.balance)).all()
        posted = connection.execute(sa.select(ledger.posting)).mappings().all()
        assert ledger.total(connection) == 0
    engine.dispose()
    assert sum(row["amount"] for row in posted) == sum(move.amount for move in moves)
    for name, balance in rows:
        came = sum(row["amount"] for row in posted if row["target"] == name)
        went = sum(row["amount"] for row in posted if row["source"] == name)
        assert balance == came - went
        assert balance >= 0 or ledger.may_owe(name)
