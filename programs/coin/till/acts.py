"""What is done behind a coin counter without a card: a day is closed, a drawer is opened, and counted at the end.

Closing needs nobody's leave and no network. A closing of nothing is allowed: by the clock it is made on every day, so
that the office can tell a shop that took nothing from one of which nothing was heard; by hand it is asked about first,
because most people who press twice did not mean to.
"""

from typing import Final

from programs.coin.terms import TERMS_KEY, TERMS_READER, Agreed
from programs.coin.till.facts import DENOMINATIONS, PIECES_MAX, REASONS, Closing, DrawerCounted, DrawerOpened, worth
from programs.coin.till.fold import TILL_READER, Till, till_key
from sync.program import DAY_MINUTES, DAY_MS, MINUTE_MS, Act, Acts, Asked, Decision, Moment, Result

CLOSE: Final = "close"
CLOSE_DUE: Final = "close-due"  # the clock does this, and no counter offers it
OPEN_DRAWER: Final = "open-drawer"
COUNT_DRAWER: Final = "count-drawer"

SPANS_MAX: Final = 100
"""A closing names every boot that it covers, and has to fit an entry: 300 boots would not."""


def asks(now: Moment) -> tuple[Asked, ...]:
    return ((TILL_READER, till_key(now.unit, now.life)), (TERMS_READER, TERMS_KEY))


def decide(till: Till, agreed: Agreed, now: Moment, act: Act) -> Decision:
    """Decide one act."""
    if _is_supervised(till, act) and agreed.terms.wants_supervisor(now.operator):
        return Decision(Result.HELP, "COI-071")
    match act.what:
        case "close":
            return _close(till, now, act)
        case "close-due":
            return _closed(till, now, "COI-052", is_automatic=True)
        case "open-drawer":
            return _open(till, now, act)
        case "count-drawer":
            return _count(till, now, act)
        case _:
            return Decision(Result.HELP, "COI-060")


def _is_supervised(till: Till, act: Act) -> bool:
    """Whether an act opens a drawer without a sale, or closes a day in which nothing was taken."""
    return act.what in (OPEN_DRAWER, COUNT_DRAWER) or (act.what == CLOSE and not till.covers)


def due(till: Till, agreed: Agreed, now: Moment) -> Act | None:
    """Return the closing that the clock asks for, or None: what is from before the hour of closing waits no longer.

    Where there is nothing to add up, one closing since half a day before that hour is enough, also one by hand.
    """
    if len(till.covers) >= SPANS_MAX:
        return Act(CLOSE_DUE)
    hour = agreed.terms.close_minute
    if hour < 0 or (till.last is None and not till.covers):
        return None
    passed_ms = now.at_ms - now.at_ms % MINUTE_MS - (now.minute - hour) % DAY_MINUTES * MINUTE_MS
    if till.covers:
        return Act(CLOSE_DUE) if till.since_ms < passed_ms else None
    is_closed = till.last is not None and passed_ms - DAY_MS // 2 <= till.last.at_ms <= now.at_ms
    return None if is_closed else Act(CLOSE_DUE)


def is_late(till: Till, now: Moment) -> bool:
    """Whether something of an earlier day has not been added up yet."""
    return bool(till.covers) and till.since_day < now.day


def _close(till: Till, now: Moment, act: Act) -> Decision:
    if till.drawer.is_open or till.drawer.taken:
        return Decision(Result.HELP, "COI-053")
    if not till.covers and not act.is_sure:
        return Decision(Result.ALREADY, "COI-051")
    return _closed(till, now, "COI-050")


def _closed(till: Till, now: Moment, message: str, *, is_automatic: bool = False) -> Decision:
    fact = _closing(till, now, is_automatic=is_automatic)
    return Decision(Result.OK_POINTS, message, (fact,), {"number": fact.number})


def _closing(till: Till, now: Moment, *, is_automatic: bool = False) -> Closing:
    number = till.last.number + 1 if till.last else 1
    operator = 0 if is_automatic else now.operator.number
    return Closing(now.life, now.place, now.day, number, till.covers, till.sums, is_automatic, operator)


def _open(till: Till, now: Moment, act: Act) -> Decision:
    if not _is_countable(act.counts):
        return Decision(Result.HELP, "COI-060")
    if till.drawer.is_open or till.drawer.taken:
        return Decision(Result.HELP, "COI-064")
    fact = DrawerOpened(now.life, now.place, now.day, act.counts, now.operator.number)
    return Decision(Result.OK_POINTS, "COI-063", (fact,), {"yen": worth(act.counts)})


def _count(till: Till, now: Moment, act: Act) -> Decision:
    """Say the difference first; what is written is only ever a difference that somebody has seen."""
    if not _is_countable(act.counts):
        return Decision(Result.HELP, "COI-060")
    if not (till.drawer.is_open or till.drawer.taken):
        return Decision(Result.HELP, "COI-065")
    expected, counted = till.drawer.expected, worth(act.counts)
    difference = counted - expected
    values: dict[str, int | str] = {"expected": expected, "counted": counted, "difference": difference}
    if not act.is_sure or act.amount != difference:
        return Decision(Result.ALREADY, "COI-062" if difference else "COI-061", values=values)
    if (act.reason in REASONS) != bool(difference):
        return Decision(Result.HELP, "COI-066", values=values)
    closing = _closing(till, now)
    fact = DrawerCounted(now.life, now.place, now.day, act.counts, expected, act.reason, now.operator.number)
    return Decision(Result.OK_POINTS, "COI-067", (fact, closing), values | {"number": closing.number})


def _is_countable(counts: tuple[int, ...]) -> bool:
    return len(counts) == len(DENOMINATIONS) and all(0 <= count <= PIECES_MAX for count in counts)


_COUNTS: Final = (0, 1, 0, 5, 2, 10, 0, 0, 0, 0)

ACTS: Final = Acts(
    asks=asks,
    decide=decide,
    due=due,
    samples=(
        *(Act(CLOSE), Act(CLOSE, is_sure=True), Act(CLOSE_DUE)),
        *(Act(OPEN_DRAWER, _COUNTS), Act(COUNT_DRAWER, _COUNTS)),
        *(Act(COUNT_DRAWER, _COUNTS, 4_000, "miscount", is_sure=True), Act(COUNT_DRAWER, _COUNTS, is_sure=True)),
    ),
)
