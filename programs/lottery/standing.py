"""Where each draw stands on its road, what somebody has to do next and until when, and all that the office sees of one.

Every answer is made from the books as they are, and of one draw also from its documents, which are held against them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
import sqlalchemy as sa

from central.console.moment import Moment, Say
from programs.lottery import beacon, law
from programs.lottery.documents import Frozen, Transcript
from programs.lottery.entries import Announced, Rules
from programs.lottery.errors import DrawError
from programs.lottery.office import Counts, counts, courses
from programs.lottery.ordering import Silent, came_late, silent_stands
from programs.lottery.prizes import Waiting, prizes_in
from programs.lottery.publishing import FROZEN, TRANSCRIPT, documents
from programs.lottery.rules import Course

ROAD: Final = (
    Say("口数の締切", "Tickets closed"),
    Say("公開された種", "Public seed"),
    Say("抽せん", "Draw"),
    Say("二人目の確認", "Second person"),
    Say("当せん者", "Winners"),
    Say("受け取り", "Collected"),
)
_MINUTES: Final = len("2026-12-20 17:00")


class Need(StrEnum):
    """Whether somebody has to do something; in the order in which draws are shown."""

    DO = "do"  # now
    WAIT = "wait"  # until a time
    DONE = "done"
    LOST = "lost"  # it cannot be drawn any more


class Act(StrEnum):
    """What is to be done on the page."""

    NOTHING = ""
    CLOSE = "close"
    DRAW = "draw"
    CONFIRM = "confirm"
    PRIZES = "prizes"


@dataclass(frozen=True)
class Next:
    """The next thing. `at_s`: when it goes on, or until when it has to be done (Unix seconds); 0 for no such time."""

    need: Need
    say: Say
    act: Act = Act.NOTHING
    at_s: int = 0


@dataclass(frozen=True)
class Standing:
    """One draw in the list of all.

    Attributes:
        gone: how many of the steps of `ROAD` it has behind it.
        silent: the units whose orders may be missing if the list were frozen now (LOT-010).
        prizes: what became of them, if there are winners.
    """

    announced: Announced
    course: Course
    counts: Counts
    gone: int
    next: Next
    silent: tuple[Silent, ...] = ()
    prizes: tuple[Waiting, ...] = ()

    @property
    def rules(self) -> Rules:
        return self.announced.rules

    @property
    def unsent(self) -> int:
        return sum(one.unsent for one in self.silent)


@dataclass(frozen=True)
class Row:
    """A ticket that was drawn: as which one, for what, and what became of the prize. `place`: 0 for an alternate."""

    place: int
    ticket: str
    prize: Say | None
    by: str = ""
    passed_to: str = ""

    @property
    def is_open(self) -> bool:
        return self.prize is not None and not self.by and not self.passed_to


@dataclass(frozen=True)
class Whole:
    """Everything about one draw.

    Attributes:
        late: tickets that were ordered in time and came when the list was frozen.
        files: what is published of it so far, by name.
        trouble: why the books do not give what was published; "" if they do.
    """

    standing: Standing
    warned: tuple[law.Warned, ...]
    beside: tuple[law.Warned, ...]
    ceilings: law.Ceilings
    late: int
    files: Mapping[str, bytes]
    trouble: Say | None

    @property
    def frozen(self) -> Frozen | None:
        return msgspec.json.decode(self.files[FROZEN], type=Frozen) if FROZEN in self.files else None

    @property
    def transcript(self) -> Transcript | None:
        return msgspec.json.decode(self.files[TRANSCRIPT], type=Transcript) if TRANSCRIPT in self.files else None

    @property
    def rows(self) -> list[Row]:
        """Return the tickets that were drawn, in their order: winners first."""
        if (transcript := self.transcript) is None:
            return []
        known = {one.won.ticket: one for one in self.standing.prizes}
        won = [(one.place, one.ticket, Say(one.prize_ja, one.prize_en)) for one in transcript.winners]
        return [_row(*one, known) for one in [*won, *((0, ticket, None) for ticket in transcript.alternates)]]


def _row(place: int, ticket: str, prize: Say | None, known: Mapping[str, Waiting]) -> Row:
    if (there := known.get(ticket)) is None:
        return Row(place, ticket, prize)
    return Row(place, ticket, Say(there.won.prize_ja, there.won.prize_en), there.by, there.passed_to)


def standings(connection: sa.Connection, moment: Moment) -> list[Standing]:
    """Return all draws: those first for which somebody has to do something, then by the next time that counts."""
    counted = counts(connection)
    found = [
        _standing(connection, course, course.announced[1], counted.get(name, Counts()), moment)
        for name, course in courses(connection).items()
        if course.announced
    ]
    order = list(Need)
    return sorted(found, key=lambda one: (order.index(one.next.need), one.next.at_s, -one.rules.close_at))


def whole(connection: sa.Connection, draw: str, moment: Moment) -> Whole | None:
    """Return everything about one draw; None if there is none of that name."""
    course = courses(connection).get(draw)
    if course is None or course.announced is None:
        return None
    announced = course.announced[1]
    standing = _standing(connection, course, announced, counts(connection).get(draw, Counts()), moment)
    rules, files, trouble = announced.rules, dict[str, bytes](), None
    try:
        files = documents(connection, draw)
    except DrawError as error:
        trouble = Say(error.ja, error.en)
    return Whole(
        standing,
        law.warnings(rules),
        law.beside(rules),
        law.ceilings(rules.basis, rules.sales_yen, rules.purchase_yen),
        came_late(connection, rules, course.closed[0]) if course.closed else 0,
        files,
        trouble,
    )


def when(at_s: int, moment: Moment) -> str:
    """Return a time by the town's clock, to the minute."""
    return moment.exact(at_s * 1000)[:_MINUTES]


def _standing(
    connection: sa.Connection, course: Course, announced: Announced, counted: Counts, moment: Moment
) -> Standing:
    rules, now_s = announced.rules, moment.now_ms // 1000
    is_open = course.closed is None and now_s >= rules.close_at
    silent = tuple(silent_stands(connection, rules.close_at)) if is_open else ()
    prizes = tuple(prizes_in(connection, rules.draw)) if course.drawn else ()
    waiting = sum(one.is_open for one in prizes) if prizes else rules.places
    step = _next(course, rules, waiting, moment)
    return Standing(announced, course, counted, _gone(course, rules, now_s, waiting), step, silent, prizes)


def _gone(course: Course, rules: Rules, now_s: int, waiting: int) -> int:
    if course.drawn:
        return len(ROAD) if not waiting else len(ROAD) - 1
    if course.proposed:
        return 3
    if course.closed:
        return 2 if now_s >= beacon.time_of(rules.round) else 1
    return 0


def _next(course: Course, rules: Rules, waiting: int, moment: Moment) -> Next:
    if course.drawn:
        return _of_prizes(waiting)
    if course.proposed:
        by = course.proposed[1].by
        return Next(
            Need.DO,
            Say(
                f"{by} さんが引くと言いました。別の担当者が確認してください。",
                f"{by} has said to draw: another officer has to confirm it.",
            ),
            Act.CONFIRM,
        )
    return _of_randomness(rules, moment) if course.closed else _of_tickets(rules, moment)


def _of_prizes(waiting: int) -> Next:
    if not waiting:
        return Next(Need.DONE, Say("賞品はすべて渡りました。", "All prizes were handed out."))
    return Next(
        Need.DO,
        Say(
            f"当せん者の番号を掲示し、賞品を渡してください。まだ {waiting:,}つ あります。",
            f"Hang up the winners' numbers, and hand out the prizes: {waiting:,} are left.",
        ),
        Act.PRIZES,
    )


def _of_randomness(rules: Rules, moment: Moment) -> Next:
    comes = beacon.time_of(rules.round)
    if moment.now_ms < comes * 1000:
        at = when(comes, moment)
        return Next(
            Need.DO,
            Say(
                f"いますぐ名簿を公開し、ルートを掲示してください。{at} に公開される種で引きます。",
                f"Publish the list now, and hang up its root. The seed comes at {at}.",
            ),
            at_s=comes,
        )
    return Next(
        Need.DO,
        Say(
            f"種が公開されています。ラウンド {rules.round} の署名を入れて、引いてください。",
            f"The seed is public: bring the signature of round {rules.round}, and draw.",
        ),
        Act.DRAW,
    )


def _of_tickets(rules: Rules, moment: Moment) -> Next:
    comes, now_s = beacon.time_of(rules.round), moment.now_ms // 1000
    closes, until = when(rules.close_at, moment), when(comes, moment)
    if now_s < rules.close_at:
        return Next(
            Need.WAIT,
            Say(
                f"{closes} に締め切ります。そのあと {until} までに名簿を確定してください。",
                f"It closes at {closes}. Freeze the list after that, and before {until}.",
            ),
            at_s=rules.close_at,
        )
    if now_s < comes:
        return Next(
            Need.DO,
            Say(f"{until} までに名簿を確定してください。", f"Freeze the list before {until}."),
            Act.CLOSE,
            comes,
        )
    return Next(
        Need.LOST,
        Say(
            "種が公開される前に名簿を確定しなかったので、引けません。別の名前で公開し直し、同じ券を取り込んでください。",
            "The list was not frozen before the seed came, so this cannot be drawn: announce it anew under another"
            " name, with the same tickets.",
        ),
    )
