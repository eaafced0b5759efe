"""A small year of the fictional town: the same from the same seed, really signed, and taken in by a real centre."""

from collections import Counter
from pathlib import Path

import msgspec

from central.audit import audit
from central.found import Plan
from programs.coin.entries import Pay
from programs.visits.entries import Touch
from programs.visits.insight import Asked, read
from simulation.year import FIRST_DAY, Size
from simulation.year.deeds import payments, touches
from simulation.year.places import places
from simulation.year.town import WAITING, clock_at_the_end, play
from sync.program import JAPAN_MINUTES, town_day

SMALL = Size(members=120, touches=1_500, payments=40, payment_units=2, shops=3, waiting=21)
PLAN = Plan("todai", "灯台町", "Todai", "00-1234", 8443, ("localhost",), 8080)


def test_a_year_has_as_many_touches_as_were_asked_for_and_its_own_weeks_and_seasons() -> None:
    found = touches(SMALL)
    assert len(found) == SMALL.touches
    assert found == touches(SMALL)
    assert found != touches(msgspec.structs.replace(SMALL, seed=2))
    assert len({place.unit for place in places()}) == 28
    assert {deed.unit for deed in found} == {place.unit for place in places()}
    assert [deed.at_ms for deed in found] == sorted(deed.at_ms for deed in found)
    facts = [(deed, deed.fact) for deed in found if isinstance(deed.fact, Touch)]
    assert all(town_day(deed.at_ms, JAPAN_MINUTES) == fact.day for deed, fact in facts)
    at_school = Counter((fact.day + 3) % 7 for _, fact in facts if fact.place.startswith("school"))
    assert at_school.keys() == {0, 1, 2, 3, 4}, "nobody goes to school on Saturday"


def test_a_real_centre_takes_it_in_and_knows_what_is_missing(tmp_path: Path) -> None:
    centre = play(tmp_path / "town", SMALL, PLAN)
    centre.reconciler.catch_up()
    checked = audit(centre.engine, centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())
    assert centre.reconciler.figures()["visits"]["touches"] == SMALL.touches - SMALL.waiting
    paid = sum(deed.fact.yen for deed in payments(SMALL) if isinstance(deed.fact, Pay))
    assert centre.reconciler.figures()["coin"]["paid"] == paid
    with centre.reconciler.counted() as connection:
        seen = read(connection, Asked(), clock_at_the_end(SMALL).wall_ms(), JAPAN_MINUTES)
    assert seen is not None
    assert (seen.coverage.units, seen.coverage.missing, seen.coverage.silent) == (28, SMALL.waiting, (WAITING,))
    assert seen.month == 2026 * 12 + 10
    assert FIRST_DAY + SMALL.days == town_day(clock_at_the_end(SMALL).wall_ms(), JAPAN_MINUTES)
    centre.engine.dispose()
