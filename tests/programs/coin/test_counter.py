"""Cards with a counter of their own: what units decide by it, what the centre tells, and what nobody may make up."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.centre import Centre
from central.incidents import open_ones
from central.store import reading
from drivers.card import files, identify, u2f
from drivers.card.channel import Channel
from drivers.card.sim.held import Held
from drivers.card.sim.issue import make
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Kind, Plan, Trouble
from drivers.card.tokens import uid
from drivers.reader import CardCame, Event, Field, sim
from programs.coin.counter import books
from programs.coin.counter.deciding import CardCounter
from programs.coin.counter.facts import Covered, Heard, Told, counted
from programs.coin.counter.fold import Gate, Known, Own, Seated, Touches, passed
from programs.coin.entries import CounterPay
from programs.coin.procedures.counting import NotCountingError, keep_free, learn, read, switch
from programs.coin.rules import CHARGE, PAY, VOID
from programs.coin.terms import ByCounter
from sync import steps
from sync.facts import CardState
from sync.program import Wish
from sync.rights import Grant, Right
from sync.steps import Step, Stepped, Steps
from tests.central.test_commands import REFUSED, USAGE, document, machi
from tests.programs.coin.counter_street import RESIDENT, CounterStreet

Lay = Callable[..., Field]


@pytest.fixture
def street() -> CounterStreet:
    """A street where the card has 10,000 yen under its counter, and everybody has heard so."""
    street = CounterStreet()
    street.charge(10_000)
    assert street.under_counter() == 10_000
    assert not any(isinstance(fact, Heard) for fact in facts(street, "shop01")), "more needs no answer"
    return street


# ---------------------------------------------------------------------------------------------- deciding


def card(known: Known = Known(9_000, 10, 0, (1, 0, "", 0)), own: tuple[Own, ...] = (), **other: Any) -> CardCounter:  # noqa: B008
    states = {"gate": Gate(4), "seated": Seated(4, 3_000), "use": Right(1)} | other
    return CardCounter(known, touches=Touches(own), **states)


def test_each_step_of_which_nobody_knows_may_have_been_spent_elsewhere() -> None:
    assert card().spendable((11,)) == 9_000
    assert card().spendable((12,)) == 6_000, "step 11 was made elsewhere"
    assert card().spendable((12, 13)) == 6_000
    assert card().spendable((11, 13)) == 6_000, "step 12 was made elsewhere, in between"
    assert card(Known(9_000, 10, 2, (1, 0, "", 0))).spendable((11,)) == 3_000
    assert card().spendable((15,)) == 0
    assert card().spendable((10,)) == 0, "a step that everybody has heard of: a copy, or settled"


def test_what_the_unit_did_itself_is_known_to_the_yen() -> None:
    assert card(own=(Own(11, 1, 500),)).spendable((12,)) == 8_500
    assert card(own=(Own(11, 2, 4_000), Own(13, 1, 0))).spendable((14,)) == 5_000
    assert card(own=(Own(9, 1, 500),)).spendable((11,)) == 9_000, "the centre has counted that, or fears for its step"
    assert card(own=(Own(12, 1, 500),)).spendable((13,)) == 5_500, "step 11 was made elsewhere"


@pytest.mark.parametrize(
    "state",
    [
        {"gate": Gate(3)},  # it has not heard everything that it would have to
        {"gate": Gate(3, (5, 6))},
        {"seated": Seated()},
        {"use": Right()},
        {"known": Known()},
    ],
)
def test_who_may_not_decide_by_counters_lets_nothing_be_spent(state: dict[str, Any]) -> None:
    assert card(**state).spendable((11,)) == 0


def test_a_gate_opens_without_a_gap_in_whatever_order() -> None:
    gate = Gate()
    for number in (2, 5, 1, 3):
        gate = passed(gate, number)
    assert gate == Gate(3, (5,))
    assert passed(passed(gate, 3), 4) == Gate(5)


def test_a_card_is_asked_for_more_steps_only_if_they_can_pay() -> None:
    assert [card().steps_for(yen, 11) for yen in (1, 3_000, 3_001, 9_000, 9_001)] == [1, 1, 2, 3, 1]
    assert card(seated=Seated()).steps_for(5_000, 11) == 1


# ---------------------------------------------------------------------------------------------- on the street


def test_any_unit_spends_it_without_being_dealt_anything_and_none_more_than_there_is(street: CounterStreet) -> None:
    """Both shops are out of reach of everybody, and of each other."""
    assert street.hold("shop01", Wish(PAY, 4_000)) == "COI-020"
    assert street.hold("shop02", Wish(PAY, 4_000)) == "COI-020", "it fears 6,000 yen for the two steps elsewhere"
    assert street.hold("shop02", Wish(PAY, 700, is_sure=True)) == "COI-010", "10,000 less 6,000 and 4,000"
    assert street.hold("shop01", Wish(PAY, 500, is_sure=True)) == "COI-010", "the last look was a step, too"
    street.settle()
    assert street.under_counter() == 2_000
    assert street.hold("shop01", Wish(PAY, 2_000)) == "COI-020"
    assert street.hold("shop02", Wish(PAY, 1)) == "COI-010"
    street.settle()
    assert (street.under_counter(), street.balance("shop/fish"), street.balance("shop/bakery")) == (0, 6_000, 4_000)
    assert street.books()["points/" + street.name] == 1_000


def test_a_visit_and_a_look_are_explained_and_a_torn_touch_is_settled_once_all_were_heard(
    street: CounterStreet,
) -> None:
    street.units["shop01"].tap(street.card)
    street.units["shop01"].tap(Held(street.card, Trouble(torn_after_apdus=3)))  # signed, and nobody heard it
    assert street.hold("shop01", Wish(PAY, 1_000)) == "COI-020"
    street.settle("shop02")
    known = street.known("shop01")
    assert (known.yen, known.unexplained) == (9_000, 1), "one step is a riddle as long as shop02 was not heard"
    assert street.hold("shop01", Wish(PAY, 2_000)) == "COI-020"
    street.settle("shop02")
    assert (street.known("shop01").yen, street.known("shop01").unexplained) == (7_000, 1), "everybody is asked now"
    street.settle()
    assert (street.known("shop02").yen, street.known("shop02").unexplained) == (7_000, 0)


def test_every_touch_is_explained_also_one_that_is_only_answered_again_or_refused(street: CounterStreet) -> None:
    assert street.hold("shop01", Wish(PAY, 1_000)) == "COI-020"
    again = street.units["shop01"].tap(street.card)
    assert again is not None
    assert again.entry == street.last, "the same touch, answered once more"
    street.centre.centre.registrar.set_card(street.name, CardState.STOPPED)
    street.talk("shop02")
    assert street.hold("shop02", Wish(PAY, 500)) == "TAP-031"
    street.centre.centre.registrar.set_card(street.name, CardState.ACTIVE)
    street.talk("shop02")
    assert street.hold("shop02", Wish(PAY, 1_000)) == "COI-020"
    street.settle()
    assert (street.known("shop01").step, street.known("shop01").unexplained) == (5, 0)


def test_a_void_gives_the_unit_the_money_and_then_it_goes_under_the_counter_again(street: CounterStreet) -> None:
    assert street.hold("shop01", Wish(PAY, 1_500)) == "COI-020"
    assert street.hold("shop01", Wish(VOID, about=street.last)) == "COI-043"
    assert street.rights("shop01") == 1_500
    assert street.hold("shop01", Wish(PAY, 1_400)) == "COI-020"
    street.settle()
    street.charge(5_000)
    assert (street.under_counter(), street.rights("shop01"), street.balance("shop/fish")) == (13_600, 0, 1_400)
    rows = street.units["shop01"].running.opened.journal.select("SELECT CAST(body AS BLOB) FROM stream")
    said = [street.centre.centre.town.register.decode(body).fact for (body,) in rows]
    assert not [fact for fact in said if isinstance(fact, Grant) and fact.what == street.what], "it is dealt to nobody"
    street.books()


def test_money_comes_away_from_under_the_counter_only_once_everybody_has_heard(street: CounterStreet) -> None:
    centre = street.centre.centre
    assert keep_free(centre, street.name, 4_000, "a refund") == 0
    street.settle("shop02")
    assert street.under_counter() == 10_000, "shop02 may let somebody spend all of it"
    assert street.known("shop01").yen == 6_000
    assert street.hold("shop02", Wish(PAY, 9_000)) == "COI-020"
    street.settle()
    assert (street.under_counter(), street.balance(f"{street.what}/free")) == (0, 1_000)
    assert street.balance("shop/bakery") == 9_000
    street.books()


def test_who_was_given_up_is_not_waited_for_and_a_new_life_decides_only_once_it_has_heard_all(
    street: CounterStreet,
) -> None:
    centre = street.centre.centre
    keep_free(centre, street.name, 4_000, "a refund")
    street.settle("shop02")
    assert street.balance(f"{street.what}/free") == 0
    centre.losses.give_up("shop02", stolen=False, reason="flooded")
    keep_free(centre, street.name, 4_000, "a refund")
    street.settle("shop02")
    assert street.balance(f"{street.what}/free") == 4_000


def test_switched_off_everything_is_free_again_and_no_unit_decides_by_it(street: CounterStreet) -> None:
    street.switch(on=False)
    keep_free(street.centre.centre, street.name, 0, "look again")
    street.settle()
    assert street.seats() == set()
    keep_free(street.centre.centre, street.name, 0, "look again")
    assert street.under_counter() == 0
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-010"
    assert sum(yen for name, yen in street.books().items() if street.name in name and name[:4] == "coin") == 10_000


def test_what_a_step_stands_for_changes_only_when_nobody_goes_by_it(street: CounterStreet) -> None:
    centre = street.centre.centre
    with pytest.raises(NotCountingError, match="switch it off first"):
        switch(centre, ByCounter(is_on=True, step_yen=1_000))
    switch(centre, ByCounter())
    with pytest.raises(NotCountingError, match="wait for desk01, shop01, shop02"):
        switch(centre, ByCounter(step_yen=1_000))
    keep_free(centre, street.name, 0, "look again")
    street.settle()
    switch(centre, ByCounter(step_yen=1_000))
    switch(centre, ByCounter(is_on=True, step_yen=1_000))
    street.charge(1_000)
    assert street.hold("shop01", Wish(PAY, 3_500)) == "COI-020"


# ---------------------------------------------------------------------------------------------- who lies

STEPS = Steps("0c" * 32, 3_000, (Step(500, 1, "A" * 86 + "=="),))


def test_a_unit_can_make_up_no_payment_nor_explain_a_step_away(street: CounterStreet) -> None:
    """It has its own key and journal, and not the card; what it wrote is taken back, and a person is told."""
    journal = street.units["shop02"].running.opened.journal
    journal.append([CounterPay(1, street.name, 3_000, "bakery", 20_780, "card", 300, steps=STEPS)])
    journal.append([CounterPay(1, "0e" * 16, 3_000, "bakery", 20_780, "card", steps=STEPS)])
    journal.append([Stepped(street.name, STEPS)])
    street.settle()
    assert (street.under_counter(), street.balance("shop/bakery")) == (10_000, 0)
    assert street.balance(counted("0e" * 16)) == 0
    assert (street.known("shop01").yen, street.known("shop01").step) == (10_000, 1)
    assert "unproven" in kinds(street)
    assert "points/" + street.name not in street.books()


def test_what_a_card_has_signed_is_good_once_and_for_that_amount_at_that_unit(street: CounterStreet) -> None:
    street.hold("shop01", Wish(PAY, 700))
    signed = next(fact for fact in facts(street, "shop01") if isinstance(fact, CounterPay))
    dearer = msgspec.structs.replace(signed, yen=2_900)
    street.units["shop01"].running.opened.journal.append([signed, dearer])
    street.units["shop02"].running.opened.journal.append([msgspec.structs.replace(signed, place="bakery")])
    street.settle()
    assert (street.under_counter(), street.balance("shop/fish"), street.balance("shop/bakery")) == (9_300, 700, 0)


def test_a_copied_card_is_refused_by_whoever_has_heard_and_elsewhere_the_town_stands_in(
    street: CounterStreet,
) -> None:
    copy = street.mint.counter(RESIDENT, value=1)
    assert street.hold("shop01", Wish(PAY, 9_000)) == "COI-020"
    real, street.card = street.card, copy
    assert street.hold("shop01", Wish(PAY, 500)) == "TAP-033", "shop01 has seen the card further on"
    assert street.hold("shop02", Wish(PAY, 6_500)) == "COI-020", "shop02 has not, and cannot know"
    street.settle()
    assert (street.balance("shop/fish"), street.balance("shop/bakery")) == (9_000, 6_500), "shops are paid"
    assert (street.under_counter(), street.balance("fund/guarantee")) == (0, -5_500)
    assert "same step" in kinds(street)
    assert street.hold("shop02", Wish(PAY, 500)) != "COI-020"
    street.card = real
    street.books()


def test_only_the_centre_moves_money_under_counters(street: CounterStreet) -> None:
    before = street.books()
    said = Told(99, street.name, 5_000, 99_000, 0, 1, 0, 0)
    street.units["shop02"].running.opened.journal.append([said, Covered(street.name, 5_000)])
    street.talk("shop02")
    assert street.books() == before


@pytest.mark.parametrize(
    ("asked", "times", "yen", "left"),
    [
        (700, 1, 700, 9_300),
        (700, 1, 2_900, 10_000),  # the card has signed for less
        (6_000, 2, 6_000, 4_000),
        (6_000, 1, 6_000, 10_000),  # everybody else fears 3,000 yen for that step
    ],
)
def test_what_a_unit_writes_has_to_be_what_the_card_signed_and_steps_enough(
    street: CounterStreet, lay: Lay, asked: int, times: int, yen: int, left: int
) -> None:
    said = signed(street, lay, "shop02", asked, times)
    street.units["shop02"].running.opened.journal.append(
        [CounterPay(1, street.name, yen, "bakery", 1, "card", steps=said)]
    )
    street.settle()
    assert (street.under_counter(), street.balance("shop/bakery")) == (left, 10_000 - left)


def test_a_unit_cannot_keep_a_step_back_until_nobody_fears_it_any_more(street: CounterStreet, lay: Lay) -> None:
    said = signed(street, lay, "shop02", 3_000, 1)
    assert street.hold("shop01", Wish(PAY, 1_000)) == "COI-020"
    street.settle()
    assert street.known("shop01").unexplained == 1
    assert street.hold("shop01", Wish(PAY, 500)) == "COI-020"
    street.settle()
    assert street.known("shop01").unexplained == 0, "it said that it has nothing more to say of that step"
    late = CounterPay(1, street.name, 3_000, "bakery", 1, "card", steps=said)
    street.units["shop02"].running.opened.journal.append([late])
    street.settle()
    assert street.balance("shop/bakery") == 0
    assert "unproven" in kinds(street)


def signed(street: CounterStreet, lay: Lay, unit: str, asked: int, times: int) -> Steps:
    """Return what the card signs at a unit that keeps to no rule but has its key."""
    dice = bytes(range(32))
    presented = identify(
        lay(street.card), steps.nonce(dice, unit, asked), street.mint.trust(), None, steps=lambda *_: times
    )
    made = tuple(Step(one.value, one.presence, base64.b64encode(one.signature).decode()) for one in presented.steps)
    return Steps(dice.hex(), asked, made)


def test_a_card_that_signs_once_pays_one_step_s_worth_at_once(street: CounterStreet) -> None:
    street.card = street.mint.counter(RESIDENT, once=True, value=1)
    assert street.hold("shop01", Wish(PAY, 4_000)) == "COI-013"
    assert street.hold("shop01", Wish(PAY, 3_000)) == "COI-020"


def kinds(street: CounterStreet) -> set[str]:
    with reading(street.centre.centre.engine) as connection:
        return {str(row["kind"]) for row in open_ones(connection)}


def facts(street: CounterStreet, unit: str) -> list[Any]:
    rows = street.units[unit].running.opened.journal.select("SELECT CAST(body AS BLOB) FROM entry")
    register = street.centre.centre.town.register
    return [register.decode(body).fact for (body,) in rows]


# ---------------------------------------------------------------------------------------------- cards and commands


@pytest.fixture
def lay() -> Lay:
    """Lay a card on a reader and return the field."""

    def hand(card: sim.Card) -> Field:
        events: list[Event] = []
        reader = sim.Driver()
        reader.start(events.append)
        reader.present(card)
        came = events[-1]
        assert isinstance(came, CardCame)
        return came.field

    return hand


@pytest.fixture
def learned(pki: TestPki, lay: Lay) -> dict[str, Any]:
    """What a desk has learned of a card."""
    channel = Channel(lay(make(Plan(kind=Kind.COUNTER, counter=6), pki)), allowed=files.DESK)
    found = u2f.enrol(channel, uid.of_a_chip(channel) or "", (pki.own.maker.certificate,), bytes(32))
    key, handle = (base64.b64encode(part).decode() for part in (found.key.key, found.key.handle))
    return {"index": found.index, "identifier": found.identifier, "public_key": key, "handle": handle, "value": 7}


def test_centre_and_card_mean_the_same_by_a_step(pki: TestPki, lay: Lay, learned: dict[str, Any]) -> None:
    key = u2f.CounterKey(base64.b64decode(learned["public_key"]), base64.b64decode(learned["handle"]))
    knowing = replace(pki.trust(("u2f",)), counter_key=lambda _: key)
    dice = bytes(range(32))
    card = make(Plan(kind=Kind.COUNTER), pki)
    presented = identify(lay(card), steps.nonce(dice, "shop01", 700), knowing, None, steps=lambda *_: 3)
    made = tuple(Step(one.value, one.presence, base64.b64encode(one.signature).decode()) for one in presented.steps)
    said = Steps(dice.hex(), 700, made)
    assert steps.hold(said, "shop01", key.key)
    assert not steps.hold(said, "shop02", key.key)
    assert not steps.hold(msgspec.structs.replace(said, asked=800), "shop01", key.key)
    assert not steps.hold(msgspec.structs.replace(said, made=made[::-1]), "shop01", key.key)
    assert not steps.hold(said, "shop01", b"no key")
    assert steps.STEPS_MAX == u2f.STEPS_MAX


def test_the_office_learns_a_card_and_says_how_it_stands(folder: Path, town: Centre, learned: dict[str, Any]) -> None:
    file = folder / "card.json"
    file.write_text(json.dumps({"schema": "machi.card/1", "counter_card": learned}))
    said = document("coin", "counter-card", folder, file)
    assert said["value"] == 7
    shown = document("coin", "counter", folder, "--step", 2_000, "--on")
    assert shown == {
        "is_on": True,
        "step_yen": 2_000,
        "yen": 0,
        "cards": 1,
        "seats": 0,
    }
    assert "switch it off first" in machi("coin", "counter", folder, "--step", 1_000, ends=REFUSED)
    assert "has no counter" in machi("coin", "counter-free", folder, "0a" * 16, 5, "--because", "x", ends=REFUSED)
    assert document("coin", "counter-free", folder, said["card"], 500, "--because", "a case")["free"] == 0
    assert town.reconciler.figures()["coin"]["charged"] == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (None, "no counter card was learned"),
        ({"identifier": "0" * 64}, "do not belong together"),
        ({"public_key": "AAAA"}, "cannot be read"),
        ({"handle": "!"}, "cannot be read"),
        ({"handle": ""}, "1 to 255 bytes"),
        ({"value": -1}, "printed"),
        ({"index": "04"}, "printed"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_reason(
    folder: Path, town: Centre, learned: dict[str, Any], change: dict[str, Any] | None, why: str
) -> None:
    file = folder / "card.json"
    file.write_text(json.dumps({"counter_card": learned | change if change is not None else None}))
    assert why in machi("coin", "counter-card", folder, file, ends=USAGE)
    with pytest.raises(NotCountingError, match="printed"):
        read(b"{")
    with pytest.raises(NotCountingError, match="too large"):
        read(b" " * 70_000)
    assert town.reconciler.figures()["coin"]["charged"] == 0


def test_learning_a_card_twice_changes_nothing(town: Centre, learned: dict[str, Any]) -> None:
    once = read(json.dumps({"counter_card": learned}).encode())
    assert learn(town, once) == learn(town, once)


# ---------------------------------------------------------------------------------------------- a centre put back


def test_a_centre_that_was_put_back_waits_until_it_knows_again_what_it_told_the_town(street: CounterStreet) -> None:
    """It put 5,000 yen more under the counter, told shop01 alone, and lost that: they must not be free as well."""
    street.centre.back_up()
    street.hold("desk01", Wish(CHARGE, 5_000))
    street.settle("shop02")
    assert street.known("shop01").yen == 15_000
    street.centre.restore()
    unit = street.units["shop01"]
    for _ in range(3):  # it calls, and gets no further than to say what it has
        question = unit.running.hatch.question()
        answer = street.centre.intake.holdings(unit.peer, question.report, question.nonce)
        unit.running.hatch.answer(answer)
    with street.centre.centre.granter.deal() as deal:
        assert "shop01" in deal.unheard
    street.settle()
    with street.centre.centre.granter.deal() as deal:
        assert deal.unheard == []
    assert (street.under_counter(), street.known("shop02").yen) == (15_000, 15_000)
    street.books()


def test_a_unit_that_is_let_in_late_goes_by_no_word_that_was_taken_back(street: CounterStreet) -> None:
    """Of a long journal it may have heard a part only, and in that part there is more than there is now."""
    with reading(street.centre.centre.engine) as connection:
        said = books.last_told(connection, street.name)
    assert said is not None
    late = card(Known(said.yen, said.step, 0, (said.number, 0, "", 0)), gate=Gate(said.number), seated=Seated(9, 3_000))
    assert late.spendable((said.step + 1,)) == 0
    assert card(late.known, gate=Gate(9), seated=Seated(9, 3_000)).spendable((said.step + 1,)) == said.yen
