"""`machi central coin reconcile` tells the very figures of the page, and complains where nothing explains one."""

import csv
import io
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from central import ledger
from central.centre import Centre, open_centre
from central.console.asked import BYTE_ORDER
from central.world import SystemClock, SystemEntropy
from programs.coin.reconciling.sums import TO_BANK, TO_LEDGER
from programs.coin.settlement.calendar import iso
from sync.accounts import Role
from tests.central.test_commands import CHECK_FAILED, NOT_FOUND, document, machi
from tests.central.visiting import Browser, signed_in
from tests.programs.coin.settlement.test_commands import (  # noqa: F401 - the same town
    ACCOUNT,
    PAY_ON,
    PAYER,
    UPTO,
    folder,
)


def opened(town: Path) -> Centre:
    return open_centre(town, SystemClock(), SystemEntropy())


def table(town: Path, period: str) -> list[dict[str, str]]:
    """Return what the console's page gives away as a table."""
    centre = opened(town)
    with Browser(centre) as browser:
        for name, value in signed_in(browser.gate, (Role.TREASURER,)).items():
            browser.http.cookies.set(name, value, "127.0.0.1")
        answer = browser.get(f"/reconciliation.csv?period={period}")
    centre.engine.dispose()
    assert answer.status_code == httpx.codes.OK
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER))))


@pytest.fixture
def settled(folder: Path, tmp_path: Path) -> Path:  # noqa: F811
    machi("coin", "payer", folder, *PAYER)
    machi("coin", "shop", folder, "fish", *ACCOUNT, "--name", "サカナヤ")
    days = ("--upto", iso(UPTO), "--pay-on", iso(PAY_ON))
    machi("coin", "settle", folder, *days, "--output", tmp_path / "bank", ends=CHECK_FAILED)  # the bakery has none
    return folder


@pytest.mark.parametrize("period", ["1", "open"])
def test_page_and_command_tell_the_same(settled: Path, period: str) -> None:
    told = document("coin", "reconcile", settled, "--period", period)
    rows = {row["place"]: row for row in table(settled, period)}
    assert {one["place"] for one in told["shops"]} == rows.keys() != set()
    for one in told["shops"]:
        row = rows[one["place"]]
        assert [one[name] for name in ("units", "ledger", "bank")] == [int(row[k]) for k in ("units", "ledger", "bank")]
        assert {name: one["why"].get(name, 0) for name in (*TO_LEDGER, *TO_BANK)} == {
            name: int(row[name]) for name in (*TO_LEDGER, *TO_BANK)
        }


def test_the_figures_of_a_settled_period(settled: Path) -> None:
    told = document("coin", "reconcile", settled)
    figures = {one["place"]: (one["units"], one["ledger"], one["bank"], one["why"]) for one in told["shops"]}
    assert figures == {"fish": (3780, 3780, 3780, {}), "bakery": (2000, 2000, 0, {"carried": -2000})}
    printed = machi("coin", "reconcile", settled, "--place", "bakery")
    assert printed == "bakery: units 2,000, ledger 2,000, bank 0 (carried -2,000)\n"


def test_what_nothing_explains_ends_with_a_complaint(settled: Path) -> None:
    centre = opened(settled)
    with centre.engine.begin() as connection:
        its = ledger.posting.c.amount == 3780, ledger.posting.c.writer == "fish01"
        connection.execute(sa.update(ledger.posting).where(*its).values(amount=3000))
    centre.engine.dispose()
    told = document("coin", "reconcile", settled, ends=CHECK_FAILED)
    assert [one["unexplained"] for one in told["shops"]] == [0, -780]


def test_a_period_that_is_not_there(settled: Path) -> None:
    assert "no period 7" in machi("coin", "reconcile", settled, "--period", "7", ends=NOT_FOUND)
