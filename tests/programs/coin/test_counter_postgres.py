"""The street of a card that counts once more, over PostgreSQL: the questions are the same, and so are the answers."""

import pytest

from programs.coin.procedures.counting import keep_free
from programs.coin.rules import PAY
from sync.program import Wish
from tests.central.conftest import emptied
from tests.postgres import Postgres
from tests.programs.coin.counter_street import CounterStreet


@pytest.mark.postgres
def test_the_same_money_lies_under_counters_in_postgresql(postgres_server: Postgres) -> None:
    street = CounterStreet(emptied(postgres_server.url))
    street.charge(10_000)
    assert street.hold("shop01", Wish(PAY, 4_000)) == "COI-020"
    assert street.hold("shop02", Wish(PAY, 2_500)) == "COI-020"
    keep_free(street.centre.centre, street.name, 1_500, "a refund")
    street.settle()
    assert (street.under_counter(), street.balance(f"{street.what}/free")) == (2_000, 1_500)
    street.books()
    for unit in street.units.values():
        unit.stop()
    street.centre.centre.engine.dispose()
