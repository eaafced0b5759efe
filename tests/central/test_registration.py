"""The registration desk over real books: what each event does to a file, its cards and what units are told."""

from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from central import store
from central.audit import audit
from central.centre import Centre
from central.reading import CardReading
from central.reconcile import statement
from central.registration import File
from central.residents import books
from central.residents.books import Wanted
from central.residents.deciding import DeskError
from central.residents.person import Person
from drivers.clock.sim import Driver as Clock
from simulation.centre import SimCentre
from sync.client import UnreachableError
from sync.directory import card_key, prefers_key
from sync.facts import CardSet, CardState
from sync.residents import CardEnd, CardPrefers, Form, How, Language, Leaving, Preferences

BY = "sato"
HANAKO = Person("髙橋\u3000花子", "タカハシ ハナコ", "灯台町1-2", date(1954, 3, 2))
TARO = Person("高橋\u3000太郎", "タカハシ タロウ", "灯台町1-2", date(1980, 5, 6))
JIRO = Person("高橋\u3000次郎", "タカハシ ジロウ", "灯台町1-2", date(2018, 7, 8))


def add(centre: Centre, person: Person, **more: object) -> str:
    return centre.registration.add(person, How.TYPED, BY, **more)  # type: ignore[arg-type]


def reading(number: int) -> CardReading:
    return CardReading("pass", f"test-{number:04}")


def card(centre: Centre, who: str, number: int, form: Form = Form.CARD) -> str:
    return centre.registration.add_card(who, reading(number), form, BY)[1]


def show(centre: Centre, who: str) -> File:
    return centre.registration.show(who, BY, "desk")


def state(centre: Centre, name: str) -> CardState | None:
    with centre.reconciler.counted() as connection:
        fact = statement(connection, card_key(name)).fact
    return fact.state if isinstance(fact, CardSet) else None


def told(centre: Centre, name: str) -> Preferences | None:
    with centre.reconciler.counted() as connection:
        fact = statement(connection, prefers_key(name)).fact
    return fact.prefers if isinstance(fact, CardPrefers) else None


def refused(number: int) -> Any:
    return pytest.raises(DeskError, match=rf"\(RSD-{number:03}\)")


@pytest.fixture
def taro(centre: Centre) -> str:
    return add(centre, TARO)


def test_one_holder_with_several_cards(centre: Centre, taro: str) -> None:
    first, token = card(centre, taro, 1), card(centre, taro, 2, Form.TOKEN)
    file = show(centre, first)
    assert (file.holder, file.person, file.standing.active) == (taro, TARO, (first, token))
    assert file.standing.cards[token].form is Form.TOKEN
    assert show(centre, taro[:8]).holder == taro
    with refused(10):
        show(centre, "ffffffff")
    with refused(10):
        show(centre, taro[:3])


def test_a_card_is_one_persons(centre: Centre, taro: str) -> None:
    card(centre, taro, 1)
    other = add(centre, HANAKO)
    with refused(11):
        card(centre, other, 1)
    assert show(centre, other).standing.active == ()


def test_a_card_is_lost_and_found(centre: Centre, taro: str) -> None:
    one = card(centre, taro, 1)
    centre.registration.end_card(taro, one, CardEnd.LOST, BY)
    assert (show(centre, taro).standing.active, state(centre, one)) == ((), CardState.STOPPED)
    centre.registration.end_card(taro, one, CardEnd.LOST, BY)  # again is nothing
    centre.registration.found_card(taro, one, BY)
    assert (show(centre, taro).standing.active, state(centre, one)) == ((one,), CardState.ACTIVE)
    centre.registration.end_card(taro, one, CardEnd.RETURNED, BY)
    with refused(18):
        centre.registration.found_card(taro, one, BY)


def test_a_renewed_card_keeps_its_holder_and_how_they_want_to_be_spoken_to(centre: Centre, taro: str) -> None:
    old = card(centre, taro, 1)
    centre.registration.prefer(taro, {"voice": True, "lang": Language.EASY}, BY)
    wanted = Preferences(voice=True, lang=Language.EASY)
    assert told(centre, old) == wanted
    _, new = centre.registration.renew_card(taro, old, reading(2), BY)
    assert centre.registration.renew_card(taro, old, reading(2), BY) == (taro, new), "again is nothing"
    standing = show(centre, taro).standing
    assert (standing.active, standing.cards[old].into) == ((new,), new)
    assert (state(centre, old), state(centre, new), told(centre, new)) == (CardState.STOPPED, CardState.ACTIVE, wanted)
    with refused(16):
        centre.registration.end_card(taro, old, CardEnd.LOST, BY)
    with refused(16):
        card(centre, taro, 1)


def test_a_child_has_a_guardian_who_agrees_for_it(centre: Centre, taro: str) -> None:
    with refused(31):
        add(centre, JIRO)
    jiro = add(centre, JIRO, guardian=taro, consents=["visits"])
    token = card(centre, jiro, 3, Form.TOKEN)
    assert show(centre, jiro).guardians == {taro: TARO}
    assert show(centre, taro).children == {jiro: JIRO}
    assert show(centre, jiro).standing.consents["visits"].guardian == taro
    hanako = add(centre, HANAKO)
    with refused(22):
        centre.registration.consent(jiro, "coin", BY, given=True)
    with refused(21):
        centre.registration.consent(jiro, "coin", BY, given=True, guardian=hanako)
    with refused(23):
        centre.registration.guardian(taro, jiro, BY, stands=True)
    assert centre.registration.leave(taro, Leaving.DIED, None, BY) == (taro, (jiro,))
    with centre.reconciler.counted() as connection:
        assert books.holder_of(connection, token) == jiro


def test_consent_is_for_each_program_and_can_be_withdrawn(centre: Centre, taro: str) -> None:
    one = card(centre, taro, 1)

    def agrees(program: str) -> bool:
        with centre.reconciler.counted() as connection:
            return books.agrees(connection, one, program)

    assert not agrees("visits"), "who said nothing has not agreed"
    centre.registration.consent(taro, "visits", BY, given=True)
    assert (agrees("visits"), agrees("coin")) == (True, False)
    centre.registration.consent(taro, "visits", BY, given=False)
    assert not agrees("visits")
    with refused(20):
        centre.registration.consent(taro, "horoscopes", BY, given=True)
    centre.registration.consent(taro, "coin", BY, given=True)
    centre.registration.leave(taro, Leaving.MOVED, date(2026, 12, 1), BY)
    assert not agrees("coin"), "consents end with moving away"
    assert state(centre, one) is CardState.ACTIVE, "the money on the card is theirs"
    with refused(15):
        centre.registration.consent(taro, "coin", BY, given=True)
    centre.registration.leave(taro, Leaving.HERE, None, BY)
    centre.registration.consent(taro, "coin", BY, given=True)


def test_cards_of_the_dead_are_stopped(centre: Centre, taro: str) -> None:
    one = card(centre, taro, 1)
    centre.registration.leave(taro, Leaving.DIED, None, BY)
    assert (state(centre, one), show(centre, taro).standing.active) == (CardState.STOPPED, ())
    with refused(15):
        card(centre, taro, 2)


def test_two_files_of_one_person_are_merged(centre: Centre, taro: str) -> None:
    with refused(30):
        add(centre, TARO)
    again = add(centre, msgspec.structs.replace(TARO, name="高橋太郎"), is_another=True)
    assert centre.registration.doubles() == [sorted([taro, again])]
    one, two = card(centre, taro, 1), card(centre, again, 2)
    jiro = add(centre, JIRO, guardian=again)
    centre.registration.consent(taro, "visits", BY, given=True)
    centre.registration.consent(again, "visits", BY, given=False)
    centre.registration.consent(again, "coin", BY, given=True)
    centre.registration.prefer(taro, {"large": True}, BY)
    assert centre.registration.merge(again, taro, BY) == (again, taro)
    file = show(centre, two)
    assert (file.holder, file.person, set(file.standing.active)) == (taro, TARO, {one, two})
    assert {name: said.given for name, said in file.standing.consents.items()} == {"visits": False, "coin": True}
    assert file.children == {jiro: JIRO}
    assert told(centre, two) == Preferences(large=True)
    assert centre.registration.doubles() == []
    assert show(centre, again).holder == taro
    with refused(25):
        centre.registration.merge(again, taro, BY)
    assert len(centre.registration.find("たかはし たろう", None, BY)) == 1


def test_an_address_changes_and_a_merged_or_left_file_is_erased(centre: Centre, taro: str) -> None:
    centre.registration.change(taro, {"address": "灯台町9"}, How.CARD, BY)
    file = show(centre, taro)
    assert (file.person and file.person.address, file.standing.version, file.standing.how) == ("灯台町9", 2, How.CARD)
    one = card(centre, taro, 1)
    with refused(27):
        centre.registration.erase(taro, "asked", BY)
    centre.registration.leave(taro, Leaving.ENDED, None, BY)
    with refused(28):
        centre.registration.erase(taro, "asked", BY)
    centre.registration.end_card(taro, one, CardEnd.RETURNED, BY)
    centre.registration.erase(taro, "asked", BY)
    assert show(centre, taro).person is None
    assert centre.registration.find("たかはし", None, BY) == []
    with centre.engine.connect() as connection:
        assert connection.execute(sa.select(store.resident_file)).all() == []
    assert audit(centre.engine, centre.town).unfounded == ()


def test_replayed_it_all_comes_back_the_same(centre: Centre, taro: str) -> None:
    card(centre, taro, 1)
    add(centre, JIRO, guardian=taro)
    centre.registration.find("たか", None, BY)
    centre.reconciler.catch_up()
    before = centre.reconciler.digest()
    centre.reconciler.wipe()
    centre.reconciler.catch_up()
    assert centre.reconciler.digest() == before


def test_a_centre_that_dies_at_any_statement_has_all_of_it_or_nothing() -> None:
    town = SimCentre(Clock(), "desk")
    taro = add(town.centre, TARO)
    for statements in range(1, 60):
        town.cut_after(statements)
        try:
            town.run(partial(town.centre.registration.change, taro, {"address": f"灯台町{statements}"}, How.TYPED, BY))
        except UnreachableError:
            pass
        else:
            break
        assert audit(town.centre.engine, town.centre.town).unfounded == ()
        assert show(town.centre, taro).person == TARO
    town.cut_after(None)
    assert statements > 5
    person = show(town.centre, taro).person
    assert person
    assert person.address == f"灯台町{statements}"


# ---- who looked


@pytest.mark.threat(
    "a clerk who is curious about somebody",
    control="Every look at a name (a search, a file, a sheet), and at what one card did, is an entry in the office's "
    "signed journal, with the clerk, the purpose and whose file or card it was, before anything is shown; `machi "
    "central resident reads` lists them by person. A search that finds many people shows nobody. What is taken out is "
    "found by `machi central verify`.",
    residual="At a command, the clerk is who the machine says types; the purpose is what he says. Who holds the "
    "database and its keys in his own hands, such as root on the centre's machine, reads without an entry.",
)
def test_every_look_at_a_name_is_noted_before_it_is_shown(centre: Centre, taro: str) -> None:
    jiro = add(centre, JIRO, guardian=taro)
    centre.registration.find("たかはし", None, "curious")
    centre.registration.show(jiro, "curious", "no reason")
    with centre.reconciler.counted() as connection:
        found = {(one.by, one.why, one.holder) for one in books.readings(connection, Wanted(), 100)}
        of_taro = books.readings(connection, Wanted(taro), 100)
    assert found == {
        *(("curious", "find", one) for one in (taro, jiro)),
        *(("curious", "no reason", one) for one in (taro, jiro)),  # the guardian's name was shown, too
    }
    assert {one.why for one in of_taro} == {"find", "no reason"}


@pytest.mark.threat("a clerk who is curious about somebody")
def test_where_it_cannot_be_noted_nothing_is_shown() -> None:
    town = SimCentre(Clock(), "curious")
    taro = add(town.centre, TARO)
    shown: list[File] = []
    for statements in range(1, 60):
        town.cut_after(statements)
        with suppress(UnreachableError):
            town.run(lambda: shown.append(show(town.centre, taro)))
        town.cut_after(None)
        with town.centre.reconciler.counted() as connection:
            noted = len(books.readings(connection, Wanted(taro), 100))
        assert noted >= len(shown)
        if shown:
            break
    assert shown
    assert statements > 3


@pytest.mark.threat("a clerk who is curious about somebody")
def test_a_search_shows_no_list_of_the_town(centre: Centre) -> None:
    for day in range(1, 23):
        add(centre, msgspec.structs.replace(TARO, birth=date(1980, 1, day)))
    with refused(32):
        centre.registration.find("た", None, BY)
    assert len(centre.registration.find("た", date(1980, 1, 5), BY)) == 1
