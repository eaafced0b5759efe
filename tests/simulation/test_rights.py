"""The season that compares ways to place rights: what is drawn, who is safe, and that the sketch is like the town."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from central.placement import Habit, Site, Terms
from simulation.cli import simulate
from simulation.rights import policies, unsafe
from simulation.rights.figures import Figures, table
from simulation.rights.play import FUND_YEN, WAYS, Played, Way, play
from simulation.rights.plot import draw
from simulation.rights.season import DAY_MS, HOUR_MS, Bad, Class, Outage, Season, Setting
from simulation.rights.sketch import Sketch
from simulation.rights.town import Town
from simulation.rights.unsafe import STEP_YEN, Asked, Episode

SMALL = Setting(seed=5, days=10, units=12, cards=12)
STRICT = ("ours", "strand", "greedy", "equal")


def test_a_seed_draws_one_season() -> None:
    one, same, other = Season(SMALL), Season(SMALL), Season(msgspec.structs.replace(SMALL, seed=6))
    assert one.visits == same.visits != other.visits
    assert one.outages == same.outages


def test_buses_are_away_by_day_and_what_befalls_the_town_is_in_the_measured_half() -> None:
    season = Season(SMALL)
    bus = season.classes.index(Class.BUS)
    assert season.outage_at(bus, DAY_MS + 12 * 3_600_000) == Outage(DAY_MS + 6 * 3_600_000, DAY_MS + 22 * 3_600_000)
    assert season.outage_at(bus, DAY_MS + 23 * 3_600_000) is None
    struck = Season(msgspec.structs.replace(SMALL, bad=Bad.ALL))
    at = 7 * DAY_MS + 12 * 3_600_000
    assert at > struck.measured_from_ms
    assert all(struck.outage_at(unit, at) for unit in range(SMALL.units))


def test_the_real_town_overspends_nothing_and_the_sketch_is_like_it() -> None:
    real, sketch = (play(SMALL, WAYS["ours"], Terms(), sketch=drawn) for drawn in (False, True))
    assert (real.overspent_yen, real.short_yen) == (0, 0)
    assert (real.visits, real.away, real.first_away) == (sketch.visits, sketch.away, sketch.first_away)
    assert real.visits > 10
    assert abs(real.false - sketch.false) <= 2
    assert abs(real.waited - sketch.waited) <= 2
    assert real.words == pytest.approx(sketch.words, rel=0.25)


def test_cards_that_count_are_played_by_the_code_that_ships_and_refuse_nobody_out_of_reach() -> None:
    small = msgspec.structs.replace(SMALL, days=8, units=8, cards=8)
    found = play(small, WAYS["counter"], Terms())
    assert (found.overspent_yen, found.short_yen, found.largest_yen) == (0, 0, 0), "no unit is dealt anything"
    assert found.away > 0
    assert found.false_away == 0


@pytest.mark.parametrize("name", STRICT)
def test_what_is_placed_by_rights_overspends_nothing(name: str) -> None:
    found = play(msgspec.structs.replace(SMALL, cards=40, days=20), WAYS[name], Terms(), sketch=True)
    assert (found.overspent_yen, found.short_yen) == (0, 0)
    assert found.away > 10


def test_what_is_accepted_without_a_right_shows_in_the_ledger() -> None:
    town = Town(1, units=2, cards=1, policy=policies.nothing, terms=Terms())
    town.move_to(0)
    town.charge(0, 3000)
    for unit in (0, 1):
        town.cut_off(unit)
    for unit in (0, 1):
        assert not town.pay(0, unit, 2000)
        town.pay_regardless(0, unit, 2000)
    for unit in (0, 1):
        town.bring_back(unit)
        town.make_good(0, unit)
    town.end()
    assert town.short() == 1000


def test_last_known_balances_overspend_and_a_counter_does_not() -> None:
    """One card, two units that are away at once: each knows of all its money."""
    told, steps = [5000], [0]
    one, other = Episode(told, steps), Episode(told, steps)
    first = Asked(0, 4000, 0, moved=0)
    second = Asked(0, 4000, 0, moved=unsafe.steps(4000))
    assert unsafe.last_known(one, first)
    assert unsafe.counted(one, first)
    one.spent[0] += 4000
    assert unsafe.last_known(other, second)
    assert not unsafe.counted(other, second)
    assert unsafe.counted(other, Asked(0, 5000, 0, moved=0))


@given(payments=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9000)), max_size=30), told=st.integers(0, 30_000))
def test_with_a_counter_no_order_of_payments_overspends(payments: list[tuple[int, int]], told: int) -> None:
    units = [Episode([told], [0]) for _ in range(3)]
    spent = moved = 0
    for unit, yen in payments:
        if unsafe.counted(units[unit], Asked(0, yen, 0, moved)):
            spent, moved = spent + yen, moved + unsafe.steps(yen)
            units[unit].spent[0] += yen
            units[unit].steps[0] += unsafe.steps(yen)
    assert spent <= told
    assert STEP_YEN > 1


def _insured(*, sketch: bool) -> Played:
    """Return a town with a fund that leaves everything with the centre."""
    if sketch:
        return Sketch(units=8, cards=6, policy=policies.nothing, terms=Terms(), is_insured=True)
    return Town(1, units=8, cards=6, policy=policies.nothing, terms=Terms(), fund_yen=FUND_YEN)


@pytest.mark.parametrize("sketch", [False, True])
def test_a_fund_stands_in_out_of_reach_where_a_card_has_paid_before(*, sketch: bool) -> None:
    town = _insured(sketch=sketch)
    town.move_to(0)
    town.charge(0, 9000)
    for unit in (0, 1):
        assert town.pay(0, unit, 500)
    for unit in (0, 1, 2):
        town.cut_off(unit)
    town.move_to(HOUR_MS)
    assert not town.pay(0, 0, 500), "it paid there for the first time today"
    town.move_to(DAY_MS)
    assert not town.pay(0, 2, 500), "it never paid there"
    assert not town.pay(0, 0, 2001), "too much for one card"
    assert town.pay(0, 0, 1500)
    assert not town.pay(0, 0, 600), "too much with what was promised before"
    assert town.pay(0, 1, 2000), "another unit knows nothing of it"
    town.move_to(DAY_MS + HOUR_MS)
    for unit in (0, 1, 2):
        town.bring_back(unit)
    assert town.owed() == 0, "the card had it, and has paid"
    assert town.pay(0, 3, 9000 - 1000 - 1500 - 2000)
    town.end()
    assert (town.short(), town.owed()) == (0, 0)


@pytest.mark.parametrize("sketch", [False, True])
def test_a_fund_promises_no_more_at_one_unit_than_one_outage_may_cost(*, sketch: bool) -> None:
    town = _insured(sketch=sketch)
    town.move_to(0)
    for card in range(6):
        town.charge(card, 9000)
        assert town.pay(card, 0, 500)
    town.move_to(DAY_MS)
    town.cut_off(0)
    town.move_to(DAY_MS + HOUR_MS)
    assert [town.pay(card, 0, 2000) for card in range(6)] == [True] * 5 + [False]


@pytest.mark.parametrize("sketch", [False, True])
def test_who_pays_the_same_money_at_two_units_owes_it_to_the_fund_until_the_next_charge(*, sketch: bool) -> None:
    town = _insured(sketch=sketch)
    town.move_to(0)
    town.charge(0, 3000)
    for unit in (0, 1):
        assert town.pay(0, unit, 500)
    town.move_to(DAY_MS)
    for unit in (0, 1):
        town.cut_off(unit)
    town.move_to(DAY_MS + HOUR_MS)
    assert [town.pay(0, unit, 2000) for unit in (0, 1)] == [True, True]
    town.move_to(DAY_MS + 2 * HOUR_MS)
    for unit in (0, 1):
        town.bring_back(unit)
    assert (town.owed(), town.short()) == (2000, 0)
    town.charge(0, 5000)
    assert (town.owed(), town.short()) == (0, 0)
    assert town.pay(0, 2, 3000)


def test_a_counter_also_guards_who_pays_with_a_network() -> None:
    """What was accepted out of reach is not in the books yet; the card's counter says that something was."""
    setting = Setting(seed=1, days=30, units=12, cards=60, balance=4000)
    careless = Way(policies.nothing, unsafe.counted)
    assert play(setting, careless, Terms(), sketch=True).overspent_yen > 0
    assert play(setting, WAYS["counter"], Terms(), sketch=True).overspent_yen == 0


@settings(max_examples=60, deadline=None)
@given(
    amount=st.integers(0, 40_000),
    visits=st.dictionaries(st.sampled_from(["bus", "cafe", "shop"]), st.integers(0, 90)),
    share=st.floats(0, 1),
    name=st.sampled_from(STRICT),
)
def test_no_policy_places_more_than_there_is(amount: int, visits: Mapping[str, int], share: float, name: str) -> None:
    sites = [Site("bus", 0.2, 1, 1, 10**9), Site("cafe", 0.3, 0.6, 0.2, 10**9), Site("shop", 0.5, 0.1, 0.02, 10**9)]
    placed = WAYS[name].place(Habit(amount, visits, 60, 1200), sites, Terms(share=share))
    assert sum(placed.values()) <= amount * share
    assert set(placed) <= {"bus", "cafe", "shop"}


def test_seasons_add_up_as_one_town() -> None:
    one = Figures(visits=10, away=4, false=2, false_away=1, largest_yen=500, words=20, all_visits=20)
    one.add(Figures(visits=30, away=4, false=0, false_away=0, largest_yen=700, words=20, all_visits=60))
    assert (one.visits, one.false_away, one.largest_yen) == (40, 1, 700)
    assert table({"ours": one}).splitlines()[2].split()[3:7] == ["5.0", "|", "12.5", "|"]


def test_the_picture_is_svg_and_names_every_policy() -> None:
    picture = ET.fromstring(draw({"ours": Figures(away=10, false_away=3), "last-known": Figures(overspent_yen=9000)}))  # noqa: S314 - our own
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"ours", "last-known", "30.0", "9,000"} <= set(words)


def test_the_command_prints_a_table() -> None:
    asked = ["rights", "--seeds", "5-6", "--days", "6", "--units", "12", "--cards", "9", "--sketch", "--policy", "ours"]
    done = CliRunner().invoke(simulate, asked)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("| policy | false % | of away %")
    assert CliRunner().invoke(simulate, ["rights", "--seeds", "x", "--sketch"]).exit_code == 2
