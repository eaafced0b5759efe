"""Gift certificates become coin to the yen, with their history, once; or nothing happens at all."""

from pathlib import Path

import pytest

from programs.coin.lots import books
from programs.coin.lots.days import day_of
from programs.coin.lots.migrating import Certificate, NotEqualError, Past, Proof, differences, migrate
from sync.facts import CardState
from tests.central.test_commands import NAMES, REFUSED, document, machi
from tests.programs.coin.lots.conftest import Hall

DAY = day_of("2026-08-01")
EXPIRES = day_of("2027-01-31")
OTHER = "0b" * 16
ISSUE = "summer-2026"


def certificates(hall: Hall) -> list[Certificate]:
    return [
        Certificate("A-1", hall.card, 4200, EXPIRES, 2),
        Certificate("A-2", hall.card, 12_000, EXPIRES, 3),
        Certificate("A-3", hall.card, 0, EXPIRES, 4),
    ]


def history() -> list[Past]:
    return [
        Past("A-1", DAY, 12_000, "販売", 2),
        Past("A-1", DAY + 9, -7800, "さかなや", 3),
        Past("A-2", DAY, 12_000, "販売", 4),
        Past("A-3", DAY, 6000, "販売", 5),
        Past("A-3", DAY + 3, -6000, "パン工房", 6),
    ]


def whys(hall: Hall, listed: list[Certificate], past: list[Past] | None, total: int) -> str:
    hall.centre.reconciler.catch_up()
    before = hall.centre.reconciler.digest()
    with pytest.raises(NotEqualError) as error:
        migrate(hall.centre, ISSUE, listed, past, total)
    hall.centre.reconciler.catch_up()
    assert hall.centre.reconciler.digest() == before, "nothing was done"
    return str(error.value)


def test_certificates_become_lots_with_their_last_day_and_their_history(hall: Hall) -> None:
    proof = migrate(hall.centre, ISSUE, certificates(hall), history(), 16_200)
    assert proof == Proof(3, 16_200, 16_200, 16_200, 5, 5)
    assert proof.holds
    assert [(lot.source, lot.expires, lot.left) for lot in hall.purse.lots] == [
        ("certificate", EXPIRES, 4200),
        ("certificate", EXPIRES, 12_000),
    ]
    assert hall.balance("fund/certificates-summer-2026") == -16_200
    with hall.centre.reconciler.counted() as connection:
        carried = books.carried_of(connection, hall.card)
    assert [(line.day - DAY, line.yen) for line in carried] == [
        (0, 12_000),
        (0, 12_000),
        (0, 6000),
        (3, -6000),
        (9, -7800),
    ]


def test_the_same_lists_again_do_nothing_also_after_a_replay(hall: Hall) -> None:
    first = migrate(hall.centre, ISSUE, certificates(hall), history(), 16_200)
    before = hall.centre.reconciler.digest()
    hall.clock.advance(86_400)
    assert migrate(hall.centre, ISSUE, certificates(hall), history(), 16_200) == first
    assert migrate(hall.centre, ISSUE, certificates(hall), None, 16_200) == first, "the list of balances alone"
    assert hall.centre.reconciler.digest() == before
    hall.centre.reconciler.wipe()
    hall.centre.reconciler.catch_up()
    assert hall.centre.reconciler.digest() == before


def test_a_run_that_was_cut_off_is_finished_by_the_next(hall: Hall) -> None:
    """The money was given, and then the power went, before the history was carried over."""
    assert not migrate(hall.centre, ISSUE, certificates(hall), None, 16_200).carried
    assert migrate(hall.centre, ISSUE, certificates(hall), history(), 16_200) == Proof(3, 16_200, 16_200, 16_200, 5, 5)


def test_lists_that_changed_since_are_refused(hall: Hall) -> None:
    migrate(hall.centre, ISSUE, certificates(hall), history(), 16_200)
    assert "is not in this list" in whys(hall, certificates(hall)[1:], None, 12_000)
    assert "with another history" in whys(
        hall, certificates(hall), [*history()[:1], Past("A-1", DAY + 8, -7800, "x", 3), *history()[2:]], 16_200
    )
    more = [Certificate("A-1", hall.card, 4201, EXPIRES, 2), *certificates(hall)[1:]]
    assert "line 2: " in (said := whys(hall, more, None, 16_201))
    assert "was given already, but as ¥4200" in said


def test_lists_that_do_not_agree_to_the_yen_are_refused(hall: Hall) -> None:
    assert "1 apart" in whys(hall, certificates(hall), history(), 16_201)
    assert 'line 2: ¥4200 on "A-1", but its history makes ¥12000' in whys(
        hall, certificates(hall), [history()[0], *history()[2:]], 16_200
    )
    assert 'history, line 7: certificate "B-9" is not in the list' in whys(
        hall, certificates(hall), [*history(), Past("B-9", DAY, 1, "x", 7)], 16_200
    )
    assert "stands there twice" in whys(hall, [*certificates(hall), certificates(hall)[0]], None, 20_400)


def test_what_cannot_be_given_is_named_by_its_line_and_nothing_is_done(hall: Hall) -> None:
    unknown = Certificate("A-4", OTHER, 100, EXPIRES, 5)
    late = Certificate("A-5", hall.card, 100, hall.today - 1, 6)
    said = whys(hall, [*certificates(hall), unknown, late], None, 16_400)
    assert f"line 5: the town knows no card {OTHER}" in said
    assert "line 6: it would have run out" in said
    hall.centre.registrar.set_card(hall.card, CardState.STOPPED)
    assert "is stopped" in whys(hall, certificates(hall), None, 16_200)


def test_what_cannot_be_written_down_is_found_before_anything_is_given(hall: Hall) -> None:
    history_of_one = [Past("A-1", DAY, 4200, "x" * 401, 2)]
    assert "cannot be written down" in whys(hall, certificates(hall)[:1], history_of_one, 4200)
    with pytest.raises(NotEqualError, match="cannot be the name of an issue"):
        migrate(hall.centre, "summer 2026", certificates(hall)[:1], None, 4200)
    assert hall.left == {}


def test_a_list_that_agrees_has_no_differences(hall: Hall) -> None:
    assert differences(certificates(hall), history(), 16_200) == []
    assert differences([], [], 0) == []


@pytest.mark.parametrize("off", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_the_proof_holds_only_if_every_figure_does(off: tuple[int, int, int, int]) -> None:
    assert Proof(1, 500, 500, 500, 2, 2).holds
    listed, given, ledger, carried = off
    assert not Proof(1, 500 + listed, 500 + given, 500 + ledger, 2, 2 + carried).holds


def test_a_person_takes_certificates_over(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    machi("init", folder, *NAMES)
    listed = tmp_path / "balances.csv"
    listed.write_bytes(
        f'番号,カード,残高,期限\nA-1,{OTHER},"4,200",2099/1/31\nA-2,{OTHER},0,2099/1/31\n'.encode("cp932")
    )
    past = tmp_path / "history.csv"
    past.write_bytes("番号,日付,金額,内容\nA-1,2026/8/1,12000,販売\nA-1,2026/8/9,-7800,さかなや\n".encode("cp932"))
    taken = ("coin", "migrate-certificates", folder, listed, past, "--issue", ISSUE, "--to-anybody", "--total")
    assert "1 apart" in machi(*taken, 4201, ends=REFUSED)
    for _ in range(2):
        assert document(*taken, 4200) == {
            "certificates": 2,
            "listed_yen": 4200,
            "given_yen": 4200,
            "ledger_yen": 4200,
            "history": 2,
            "carried": 2,
            "equal": True,
        }
    found = document("coin", "balance", folder, OTHER)
    assert found["yen"] == 4200
    assert [(line["day"], line["yen"], line["text"]) for line in found["earlier"]] == [
        ("2026-08-01", 12_000, "販売"),
        ("2026-08-09", -7800, "さかなや"),
    ]
    assert "さかなや" in machi("coin", "balance", folder, OTHER)
    listed.write_bytes(b"id,card,yen\nA-1,x,-5\n")
    assert "line 2: " in machi(*taken, 4200, ends=REFUSED)
