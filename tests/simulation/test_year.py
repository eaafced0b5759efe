"""A small year of the fictional town: the same from the same seed, really signed, and taken in by a real centre."""

from collections import Counter
from pathlib import Path

import msgspec

from central.audit import audit
from central.found import Plan
from central.hiding import K
from programs.coin.entries import Pay
from programs.visits.books import read_month, spots
from programs.visits.entries import Touch
from programs.visits.insight import Asked, read
from programs.visits.publishing import feed
from simulation.year import FIRST_DAY, Size
from simulation.year.deeds import payments, touches
from simulation.year.places import places
from simulation.year.town import WAITING, clock_at_the_end, play, publish_year
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
    assert not seen.all.ages, "no month was published"
    assert FIRST_DAY + SMALL.days == town_day(clock_at_the_end(SMALL).wall_ms(), JAPAN_MINUTES)
    centre.engine.dispose()


def test_its_months_are_published_by_age_and_its_residents_are_of_an_age_that_goes_with_their_places(
    tmp_path: Path,
) -> None:
    size = msgspec.structs.replace(SMALL, members=1_000, touches=15_000)
    centre = play(tmp_path / "town", size, PLAN)
    centre.reconciler.catch_up()
    assert publish_year(centre)[:2] == ["2025-12", "2026-01"]
    assert publish_year(centre) == []
    with centre.reconciler.counted() as connection:
        found = read_month(connection, 2026 * 12 + 5, JAPAN_MINUTES, spots(connection))
        files = feed(connection)
    assert len(files) == 12 + 1
    children = {spot.place: seen.bands["under15"] for spot, seen in found.ages.items() if "under15" in seen.bands}
    assert any(place.startswith("school") and people >= K for place, people in children.items())
    assert centre.registration.people()["here"] > 0.8 * size.members
    assert audit(centre.engine, centre.town).unfounded == ()
    centre.engine.dispose()
