"""A draw from its rules to its winners, with real books and a real round; and everything that is refused."""

from collections.abc import Iterator

import msgspec
import pytest

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery import beacon
from programs.lottery.documents import FIRST, sha256, written
from programs.lottery.entries import Drawn, Prize, Proposed, Tickets
from programs.lottery.errors import DrawError
from programs.lottery.giving import Wanted, give
from programs.lottery.lists import proven
from programs.lottery.office import course_of
from programs.lottery.publishing import documents, prove_ticket
from programs.lottery.rules import PROGRAM
from programs.lottery.running import APART_S, announce, close, confirm, propose, transcript_of
from simulation.centre import open_sim_centre
from sync.entries import Entry, encode
from sync.facts import CardState
from sync.messages import OFFICE_STREAM
from tests.programs.lottery.spring import (
    BEFORE_S,
    CARD,
    CLOSE_S,
    PLAN,
    ROUND,
    SIGNATURES,
    clock_at,
    closed,
    draw_winners,
    drawn,
)


@pytest.fixture
def clock() -> Clock:
    return clock_at(BEFORE_S)


@pytest.fixture
def centre(clock: Clock) -> Iterator[Centre]:
    opened = open_sim_centre(clock, "lottery")
    yield opened
    opened.engine.dispose()


def test_a_draw_goes_its_way_once_and_can_be_made_anew_from_the_books(centre: Centre, clock: Clock) -> None:
    transcript = drawn(centre, clock)
    assert len(transcript.winners) == 5
    assert len(transcript.alternates) == 2
    assert [one.prize_en for one in transcript.winners] == ["Trout sushi"] * 2 + ["Tea"] * 3
    assert transcript.previous == FIRST
    with pytest.raises(DrawError, match=r"(?s)LOT-011.*not drawn again"):
        propose(centre, "spring", SIGNATURES[ROUND], "hanako")
    with pytest.raises(DrawError, match="LOT-011"):
        confirm(centre, "spring", "hanako")
    centre.reconciler.wipe()
    with centre.reconciler.counted() as connection:
        assert transcript_of(connection, "spring") == transcript
        assert {office.name: dict(office.figures(connection)) for office in centre.offices}["lottery"] == {
            "draws": 1,
            "tickets": 3 + sum(1 + number % 4 for number in range(30)),
        }


def test_each_transcript_names_the_one_before(centre: Centre, clock: Clock) -> None:
    first = drawn(centre, clock)
    later = msgspec.structs.replace(PLAN, draw="summer", close_at=CLOSE_S + 3 + APART_S, round=0)
    announce(centre, msgspec.structs.replace(later, draw="autumn", close_at=later.close_at + 86_400))
    announced = announce(centre, later)
    assert announced.rules.round == 2201
    assert beacon.time_of(announced.rules.round) >= later.close_at + APART_S > beacon.time_of(announced.rules.round - 1)
    other = msgspec.structs.replace(PLAN, draw="winter", round=1002, close_at=CLOSE_S + 6)
    back = CLOSE_S - clock.wall_ms() // 1000
    clock.jump(back)  # the town's clock may be wrong; what was said later still comes later
    closed(centre, clock, other)
    second = draw_winners(centre, "winter", SIGNATURES[1002])
    assert second.previous == sha256(written(first))


@pytest.mark.threat("an office that would choose its winners")
def test_a_draw_takes_two(centre: Centre, clock: Clock) -> None:
    closed(centre, clock)
    with pytest.raises(DrawError, match="Nobody has said"):
        confirm(centre, "spring", "jiro")
    propose(centre, "spring", SIGNATURES[ROUND], "hanako")
    for _ in range(2):  # also when everything is added up anew from the journals
        for name in ("hanako", "jiro"):
            with pytest.raises(DrawError, match="hanako has said so already"):
                propose(centre, "spring", SIGNATURES[ROUND], name)
        with pytest.raises(DrawError, match="LOT-012"):
            confirm(centre, "spring", "hanako")
        with centre.reconciler.counted() as connection:
            assert transcript_of(connection, "spring") is None
            assert "transcript.json" not in documents(connection, "spring")
        centre.reconciler.wipe()
    transcript = confirm(centre, "spring", "jiro")
    with centre.reconciler.counted() as connection:
        assert (said := course_of(connection, "spring").drawn)
        assert (said[1].proposed_by, said[1].by) == ("hanako", "jiro")
        assert transcript_of(connection, "spring") == transcript


@pytest.mark.threat("an office that would choose its winners")
def test_a_signature_that_was_written_past_the_commands_draws_nothing(centre: Centre, clock: Clock) -> None:
    closed(centre, clock)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [Proposed("spring", SIGNATURES[1001], "hanako")])
    with pytest.raises(beacon.RoundError):
        confirm(centre, "spring", "jiro")


def test_draws_of_the_time_when_one_officer_was_enough_stand(centre: Centre, clock: Clock) -> None:
    transcript = drawn(centre, clock)
    old = Drawn("spring", transcript.signature, sha256(written(transcript)), transcript.previous)
    body = encode(Entry(OFFICE_STREAM, "9f3c0a1b22d4e5f6", 7, 0, old))
    assert b"by" not in body, "it has the spelling that it had then"
    fold = next(one for one in PROGRAM.readers if one.name == "lottery-draws")
    course = fold.fold(fold.empty, centre.town.register.decode(body))
    assert course.drawn
    assert course.drawn[1] == old


@pytest.mark.threat("an office that would choose its winners")
def test_only_the_round_of_the_rules_counts(centre: Centre, clock: Clock) -> None:
    closed(centre, clock)
    with pytest.raises(beacon.RoundError):
        draw_winners(centre, "spring", SIGNATURES[1001])
    with centre.reconciler.counted() as connection:
        assert transcript_of(connection, "spring") is None
        assert "transcript.json" not in documents(connection, "spring")


def test_nothing_is_given_out_after_the_closing_or_above_the_cap(centre: Centre, clock: Clock) -> None:
    announce(centre, PLAN)
    assert give(centre, "spring", [Wanted("paper-1", 9)]) == (Tickets("spring", "D00001", "paper-1", 9),)
    with pytest.raises(DrawError, match="would have 11"):
        give(centre, "spring", [Wanted("paper-2", 1), Wanted("paper-1", 2)])
    assert give(centre, "spring", [Wanted("paper-2", 1)])[0].ref == "D00002", "of the list before, nothing was given"
    with pytest.raises(DrawError, match="not registered"):
        give(centre, "spring", [Wanted(CARD, 1)])
    centre.registrar.set_card(CARD, CardState.STOPPED)
    with pytest.raises(DrawError, match="stopped"):
        give(centre, "spring", [Wanted(CARD, 1)])
    clock.advance(CLOSE_S - BEFORE_S)
    with pytest.raises(DrawError, match="no more tickets"):
        give(centre, "spring", [Wanted("paper-3", 1)])


def test_the_same_list_again_does_nothing_and_another_under_its_numbers_is_refused(centre: Centre) -> None:
    announce(centre, PLAN)
    stubs = [Wanted("paper-1", 2, "A1"), Wanted("paper-2", 1, "A2"), Wanted("paper-1", 2, "A1")]
    assert len(give(centre, "spring", stubs)) == 2
    assert give(centre, "spring", stubs) == ()
    with pytest.raises(DrawError, match="Number A2"):
        give(centre, "spring", [Wanted("paper-9", 1, "A3"), Wanted("paper-1", 1, "A2")])


@pytest.mark.threat("an office that would choose its winners")
def test_a_list_is_frozen_after_the_closing_and_before_the_randomness(centre: Centre, clock: Clock) -> None:
    announce(centre, PLAN)
    with pytest.raises(DrawError, match="not closing time"):
        close(centre, "spring")
    clock.advance(CLOSE_S - BEFORE_S)
    with pytest.raises(DrawError, match="not one ticket"):
        close(centre, "spring")
    with pytest.raises(DrawError, match="not frozen yet"):
        draw_winners(centre, "spring", SIGNATURES[ROUND])
    clock.advance(APART_S)
    with pytest.raises(DrawError, match="public already"):
        close(centre, "spring")


def test_a_frozen_list_stays_and_proves_each_ticket(centre: Centre, clock: Clock) -> None:
    frozen = closed(centre, clock)
    with pytest.raises(DrawError, match="frozen already"):
        close(centre, "spring")
    with centre.reconciler.counted() as connection:
        found = prove_ticket(connection, "spring", "D00001.0003")
        assert proven(found.proof).hex() == frozen.root == found.root
        with pytest.raises(DrawError, match="not in the list"):
            prove_ticket(connection, "spring", "D00001.0004")


@pytest.mark.threat("an office that would choose its winners")
def test_tickets_that_get_into_the_books_later_stop_everything(centre: Centre, clock: Clock) -> None:
    """Whoever writes into the office's journal past the commands draws nothing, and publishes nothing."""
    closed(centre, clock)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [Tickets("spring", "Z1", "paper-99", 1)])
    with pytest.raises(DrawError, match="not those of the frozen list"):
        draw_winners(centre, "spring", SIGNATURES[ROUND])
    with centre.reconciler.counted() as connection, pytest.raises(DrawError, match="not those of the frozen list"):
        documents(connection, "spring")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"close_at": BEFORE_S}, "over already"),
        ({"round": ROUND - 1}, "less than an hour"),
        ({"prizes": (Prize("家", "A house", 300_001, 1),)}, "Law of prizes"),
    ],
)
def test_rules_that_do_not_fit_are_not_announced(centre: Centre, change: dict[str, object], word: str) -> None:
    with pytest.raises(DrawError, match=word):
        announce(centre, msgspec.structs.replace(PLAN, **change))


def test_rules_stand_and_a_warning_of_the_law_takes_a_note(centre: Centre) -> None:
    dear = msgspec.structs.replace(PLAN, prizes=(Prize("家", "A house", 300_001, 1),), note="弁護士 確認済み")
    said = announce(centre, dear)
    assert said.rules.note == "弁護士 確認済み"
    assert sha256(bytes.fromhex(said.key)) == said.rules.key_sha256
    with pytest.raises(DrawError, match="announced already"):
        announce(centre, PLAN)
    with pytest.raises(msgspec.ValidationError):
        announce(centre, msgspec.structs.replace(PLAN, draw="other", cap=0))
