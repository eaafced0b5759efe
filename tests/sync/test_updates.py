"""The hours in which a system may go in, and the words for what became of it."""

import pytest

from appliance.health import _WHY as OF_PARTS
from appliance.installing import LASTING
from sync.symptoms import Why
from sync.updates import Hours, Stage, is_further, words

HOUR_MS = 3_600_000
JAPAN = 540


@pytest.mark.parametrize(
    ("hours", "hour", "holds"),
    [
        (Hours(120, 270), 1.99, False),
        (Hours(120, 270), 2, True),
        (Hours(120, 270), 4.49, True),
        (Hours(120, 270), 4.5, False),
        (Hours(1380, 60), 23.5, True),
        (Hours(1380, 60), 0.5, True),
        (Hours(1380, 60), 12, False),
        (Hours(0, 0), 12, True),
        (Hours(300, 300), 1, True),
    ],
)
def test_a_system_goes_in_at_the_towns_hours(hours: Hours, hour: float, holds: bool) -> None:
    midnight = 20_780 * 24 * HOUR_MS - JAPAN * 60_000
    assert hours.hold(midnight + int(hour * HOUR_MS), JAPAN) is holds
    assert hours.hold(midnight + int(hour * HOUR_MS) + JAPAN * 60_000, 0) is holds, "nearer to the sun, earlier"


def test_an_offer_gets_further_and_never_back() -> None:
    ways = [Stage.FETCHED, Stage.TRYING, Stage.KEPT, Stage.REFUSED, Stage.BACK]
    for at, stage in enumerate(ways):
        assert [is_further(stage, other) for other in ways] == [place < at for place in range(len(ways))]


def test_every_reason_has_words_in_both_languages() -> None:
    reasons = {*LASTING, *(why.name.lower().replace("_", "-") for why in Why)}
    assert set(OF_PARTS.values()) <= set(Why)
    for reason in reasons:
        ja, en = words(reason)
        assert ja != en
        assert reason not in (ja, en)
    assert words("of-a-later-version") == ("of-a-later-version",) * 2
