"""What the town gives to cards: all of a list or nothing, once for one reference, and a premium on top of charges."""

from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from central import ledger
from programs.coin.entries import YEN_MAX, money
from programs.coin.lots import notes
from programs.coin.lots.facts import Given, Source
from programs.coin.lots.giving import NotGivenError, Outcome, give
from programs.coin.lots.lists import LineError, ListError, gifts
from programs.coin.lots.premium import Campaign, Charged, NotDueError, due, put_on_top
from sync.facts import CardState
from tests.central.test_commands import NAMES, REFUSED, document, machi
from tests.programs.coin.lots.conftest import Hall

OTHER = "0b" * 16
ANYBODY = "60033bab2dcddc48b295070670d111d3"


def gift(hall: Hall, yen: int = 500, ref: str = "", expires: int = 0, card: str = "") -> Given:
    return Given(card or hall.card, yen, Source.GRANT, "grant", "敬老の日", 0, expires, ref)


def refused(hall: Hall, *gifts: Given) -> list[tuple[int, str]]:
    with pytest.raises(NotGivenError) as error:
        give(hall.centre, gifts)
    return [(refusal.at, refusal.why) for refusal in error.value.refusals]


def test_what_is_given_is_free_and_a_lot_of_its_own(hall: Hall) -> None:
    hall.charge(1000)
    outcome = give(hall.centre, [gift(hall, 500, expires=hall.today + 30)])
    assert [one.day for one in outcome.given] == [hall.today]
    assert hall.balance(ledger.free(hall.what)) == 500
    assert hall.balance("fund/grant") == -500
    assert hall.left == {"cash": 1000, "grant": 500}
    hall.centre.granter.grant(hall.what, "desk01", 500)
    hall.pay(700)
    assert hall.left == {"cash": 800, "grant": 0}


def test_nothing_is_given_twice_for_one_reference(hall: Hall) -> None:
    first = give(hall.centre, [gift(hall, ref="id:1")])
    hall.clock.advance(3 * 86_400)
    again = give(hall.centre, [gift(hall, ref="id:1"), gift(hall, 300, ref="id:2")])
    assert (len(first.given), len(again.given), len(again.already)) == (1, 1, 1)
    assert hall.left == {"grant": 800}
    assert "was given already" in refused(hall, gift(hall, 501, ref="id:1"))[0][1]
    assert hall.left == {"grant": 800}


def test_the_books_come_back_the_same_with_what_was_given(hall: Hall) -> None:
    hall.charge(1000)
    give(hall.centre, [gift(hall, ref="id:1")])
    before, found = hall.purse, hall.centre.reconciler.digest()
    hall.centre.reconciler.wipe()
    hall.centre.reconciler.catch_up()
    assert hall.centre.reconciler.digest() == found
    assert hall.purse == before
    assert give(hall.centre, [gift(hall, ref="id:1")]).given == ()


def test_a_list_with_one_bad_line_gives_nothing(hall: Hall) -> None:
    stopped = hall.centre.registrar.card("pass", "jiro")
    hall.centre.registrar.set_card(stopped, CardState.STOPPED)
    whys = refused(
        hall,
        gift(hall, ref="id:1"),
        gift(hall, 0),
        gift(hall, YEN_MAX + 1),
        gift(hall, expires=hall.today - 1),
        gift(hall, card="0B" * 16),
        gift(hall, card=OTHER),
        gift(hall, card=stopped),
        gift(hall, ref="id:1"),
        msgspec.structs.replace(gift(hall), fund="guarantee"),
        msgspec.structs.replace(gift(hall), reason="x" * 401),
    )
    assert [at for at, _ in whys] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    said = " ".join(why for _, why in whys)
    for words in (
        "¥0 cannot",
        "run out on 2026-11-22",
        "is no card",
        "knows no card",
        "stopped",
        "stands twice",
        "name another",
        "written down",
    ):
        assert words in said
    assert hall.left == {}
    assert give(hall.centre, [gift(hall, card=OTHER)], to_anybody=True).given
    assert give(hall.centre, [gift(hall, card=OTHER)]).given, "it is known now"


# ---- lists


def test_a_list_is_read_as_spreadsheets_of_the_town_write_it() -> None:
    content = (
        "カード,金額,種類,理由,期限,番号\r\n"
        f'{OTHER},"3,000",grant,敬老の日,2027/3/31,\r\n'
        ",,,,,\r\n"
        f"{OTHER.upper()},￥500,premium,冬,,a-7\r\n"
    )
    for encoded in (content.encode("utf-8-sig"), content.encode("cp932")):
        (first, one), (second, other) = gifts(encoded, "")
        assert (first, second) == (2, 4)
        assert one == Given(OTHER, 3000, Source.GRANT, "grant", "敬老の日", 0, 20_908, one.ref)
        assert one.ref.endswith("/2")
        assert other == Given(OTHER, 500, Source.PREMIUM, "premium", "冬", 0, 0, "id:a-7")
    assert gifts(content.encode(), "welfare")[0][1].fund == "welfare"


def test_every_line_that_cannot_be_read_is_named() -> None:
    bad = ("1.5,grant,x,", "5,gift,x,", "5,grant,,", "5,grant,x,2027-02-30")
    content = "\n".join(("card,yen,source,reason,expires", *(f"{OTHER},{rest}" for rest in bad)))
    with pytest.raises(LineError) as error:
        gifts(content.encode(), "")
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
    ]
    for words in ("no amount in whole yen", "no source", "there is no reason", "is no date"):
        assert words in str(error.value)


@pytest.mark.parametrize("content", [b"", b"card,yen\n", b"\xff\xff\x81", b'card,yen,source,reason\n"a\n'])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(ListError):
        gifts(content, "")


@given(st.binary(max_size=200))
def test_whatever_is_given_as_a_list_it_is_read_or_refused(content: bytes) -> None:
    for start in (b"", b"card,yen,source,reason\n"):
        try:
            gifts(start + content, "")
        except (ListError, LineError):
            continue


# ---- premium


def campaign(hall: Hall, percent: int = 20, cap: int = 1000, expires: int = 0) -> Campaign:
    return Campaign("winter", hall.today - 2, hall.today - 1, percent, cap, "premium", expires)


def test_a_premium_is_given_once_for_a_charge_and_up_to_a_cap(hall: Hall) -> None:
    hall.charge(3000, day=hall.today - 1)
    hall.charge(1000, day=hall.today - 3)
    put_on_top(hall.centre, campaign(hall))
    assert hall.left == {"cash": 4000, "premium": 600}
    assert put_on_top(hall.centre, campaign(hall)) == (Outcome((), ()), [])
    hall.charge(3000, "desk02", day=hall.today - 2)
    put_on_top(hall.centre, campaign(hall))
    assert hall.left == {"cash": 7000, "premium": 1000}, "what arrived late, up to the cap"
    assert hall.balance("fund/premium") == -1000


def test_a_premium_waits_for_the_end_of_the_day_and_gives_nothing_that_has_run_out(hall: Hall) -> None:
    hall.charge(3000)
    early = Campaign("winter", hall.today, hall.today, 20, 1000, "premium")
    with pytest.raises(NotDueError, match="not over"):
        put_on_top(hall.centre, early)
    with pytest.raises(NotDueError, match="run out"):
        put_on_top(hall.centre, campaign(hall, expires=hall.today - 1))
    assert hall.left == {"cash": 3000}


def test_a_charge_that_was_given_back_earns_no_premium(hall: Hall) -> None:
    charge = hall.charge(3000, day=hall.today - 1)
    hall.charge(1000, day=hall.today - 1)
    back = {"unit": "desk01", "boot": "04c1d2e3f4a5b697", "seq": 1, "what": hall.what, "yen": -3000, "of": charge}
    with hall.centre.reconciler.counted() as connection:
        more = {"day": hall.today - 1, "source": "cash", "expires": 0}
        connection.execute(sa.insert(notes.detail).values(**back, **more))
    outcome, _ = put_on_top(hall.centre, campaign(hall))
    assert [one.yen for one in outcome.given] == [200]


def test_a_stopped_card_keeps_nobody_else_from_his_premium(hall: Hall) -> None:
    lost = hall.centre.registrar.card("pass", "jiro")
    hall.charge(3000, day=hall.today - 1, card=lost)
    hall.charge(1000, day=hall.today - 1)
    hall.centre.registrar.set_card(lost, CardState.STOPPED)
    outcome, stopped = put_on_top(hall.centre, campaign(hall))
    assert [one.yen for one in outcome.given] == [200]
    assert stopped == [lost]
    assert hall.balance(ledger.free(money(lost))) == 0


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9000)), max_size=12, unique_by=lambda one: one[0]),
    st.integers(1, 2000),
)
def test_however_often_it_is_run_the_premium_is_the_same(drawn: list[tuple[int, int]], cap: int) -> None:
    town = Campaign("winter", 0, 9, 15, cap, "premium")
    charges = [Charged(str(name), "one" if name % 2 else "two", yen) for name, yen in drawn]
    at_once = due(town, charges, {})
    nightly: dict[str, Given] = {}
    for night in range(len(charges) + 1):
        nightly |= {one.ref: one for one in due(town, charges[:night], nightly)}
    assert list(nightly.values()) == at_once
    for card in ("one", "two"):
        assert sum(one.yen for one in at_once if one.card == card) <= cap


# ---- as a person runs it


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    machi("init", tmp_path / "town", *NAMES)
    return tmp_path / "town"


def test_the_office_gives_to_one_card_and_to_a_list(folder: Path) -> None:
    to_one = ("coin", "give", folder, ANYBODY, 3000, "--source", "grant", "--reason", "敬老の日")
    assert "knows no card" in machi(*to_one, ends=REFUSED)
    assert document(*to_one, "--to-anybody", "--id", "a-1", "--expires", "2099-03-31")["given_yen"] == 3000
    assert document(*to_one, "--id", "a-1", "--expires", "2099-03-31")["already_yen"] == 3000
    listed = f"card,yen,source,reason\n{ANYBODY},500,premium,冬\n{ANYBODY},500,premium,冬\n".encode()
    assert document("coin", "give-list", folder, "-", given=listed)["given"] == 2
    assert document("coin", "give-list", folder, "-", given=listed) == {
        "given": 0,
        "given_yen": 0,
        "already": 2,
        "already_yen": 1000,
    }
    found = document("coin", "balance", folder, ANYBODY)
    assert (found["yen"], found["free"], found["units"], found["points"]) == (4000, 4000, [], 0)
    assert [(lot["source"], lot["left"], lot["expires"]) for lot in found["lots"]] == [
        ("grant", 3000, "2099-03-31"),
        ("premium", 500, ""),
        ("premium", 500, ""),
    ]
    assert [line["yen"] for line in found["history"]] == [3000, 500, 500]
    assert "good until 2099-03-31" in machi("coin", "balance", folder, ANYBODY)
    assert document("replay", folder)["match"]


def test_a_list_with_a_bad_line_names_it_and_gives_nothing(folder: Path) -> None:
    listed = f"card,yen,source,reason\n{ANYBODY},500,premium,冬\n{OTHER},0,premium,冬\n".encode()
    said = machi("coin", "give-list", folder, "-", "--to-anybody", ends=REFUSED, given=listed)
    assert "line 3: ¥0 cannot be given" in said
    assert "nothing was given" in said
    unreadable = listed.replace(b"500", b"five")
    assert 'line 2: "five" is no amount' in machi("coin", "give-list", folder, "-", ends=REFUSED, given=unreadable)
    assert "nothing was ever on card" in machi("coin", "balance", folder, ANYBODY, ends=4)


def test_a_premium_is_run_every_night(folder: Path) -> None:
    nightly = (
        "coin",
        "premium",
        folder,
        "--campaign",
        "winter",
        "--percent",
        20,
        "--cap",
        5000,
        "--from",
        "2026-01-01",
    )
    assert document(*nightly, "--to", "2026-01-31") == {
        "given": 0,
        "given_yen": 0,
        "already": 0,
        "already_yen": 0,
        "stopped": [],
    }
    assert "not over" in machi(*nightly, "--to", "2999-01-31", ends=REFUSED)
