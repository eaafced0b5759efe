"""Two officers put a plan into force: one proposes it, another one activates exactly that, and units hear of it signed.

On the console the names are those of the accounts that signed in. Whoever may run the office's commands can say any
name: there the two are kept apart by what is written down for ever, not by a password.
"""

import unicodedata

import msgspec
import sqlalchemy as sa

from central.calendar import day_at, utc_offset_minutes
from central.centre import Centre
from central.worded import WordedError
from programs.points.book import activated
from programs.points.entries import Activated, Plan, Proposed
from programs.points.office import plan_of, proposal
from programs.points.proposals import proposal_id
from sync.days import written
from sync.messages import OFFICE_STREAM, TOWN_STREAM


class NotActivatedError(WordedError):
    """This cannot be proposed or activated; the message says why. Nothing was written."""


class Waiting(msgspec.Struct, frozen=True):
    """A plan that was proposed."""

    id: str
    by: str
    plan: Plan
    is_active: bool


def propose(centre: Centre, plan: Plan, by: str, *, is_trial: bool = False) -> Waiting:
    """Propose a plan; nobody gets a point by it until another officer activates it.

    Args:
        is_trial: look whether it could be, and write nothing.

    Raises:
        NotActivatedError: it starts too early, or was proposed already.
    """
    name = proposal_id(plan)
    with centre.reconciler.counted() as connection:
        _must_start_later(connection, centre, plan)
        if there := find(connection, name):
            raise NotActivatedError(
                f"同じ計画を {there.by} さんが提案しています({name})。",
                f"{there.by} has proposed the same already: {name}.",
            )
        if not is_trial:
            centre.streams.append(connection, OFFICE_STREAM, [Proposed(plan, named(by))])
    return Waiting(name, named(by), plan, is_active=False)


def activate(centre: Centre, name: str, by: str, *, is_trial: bool = False) -> Activated:
    """Put a proposed plan into force: every unit hears of it with its next contact.

    Args:
        name: the proposal's, as `propose` returned it.
        is_trial: as for `propose`.

    Raises:
        NotActivatedError: there is no such proposal, it starts too early, or the same officer proposed it.
    """
    with centre.reconciler.counted() as connection:
        there = find(connection, name)
        if there is None:
            raise NotActivatedError(f"提案 {name} はありません。", f"There is no proposal {name}.")
        if there.is_active:
            raise NotActivatedError(f"提案 {name} はもう承認されています。", f"{name} was activated already.")
        if same_person(there.by, by):
            raise NotActivatedError(
                f"{there.by} さんが提案しました。承認は別の人がしてください。",
                f"{there.by} proposed it: another officer has to activate it.",
            )
        _must_start_later(connection, centre, there.plan)
        said = activated(there.plan, name, there.by, named(by), utc_offset_minutes(connection))
        if not is_trial:
            centre.streams.append(connection, TOWN_STREAM, [said])
    return said


def proposals(connection: sa.Connection) -> list[Waiting]:
    """Return all that was ever proposed, in order."""
    asked = sa.select(proposal).order_by(proposal.c.at, proposal.c.id)
    return [_waiting(row) for row in connection.execute(asked)]


def find(connection: sa.Connection, name: str) -> Waiting | None:
    """Return a proposal by its name; None, if there is none."""
    row = connection.execute(sa.select(proposal).where(proposal.c.id == name)).one_or_none()
    return _waiting(row) if row else None


def _waiting(row: sa.Row[tuple[object, ...]]) -> Waiting:
    return Waiting(row.id, row.by, plan_of(row), bool(row.is_active))


def _must_start_later(connection: sa.Connection, centre: Centre, plan: Plan) -> None:
    """A plan changes nothing about a day that has begun: what a unit has said there stays true."""
    today = day_at(connection, centre.town.clock.wall_ms())
    if plan.starts <= today:
        tomorrow = written(today + 1)
        raise NotActivatedError(
            f"始まる日(starts)は明日({tomorrow})以降にしてください。",
            f"It has to start tomorrow, {tomorrow}, or later.",
        )


def named(by: str) -> str:
    """Return a name in one spelling, so that another width of its letters makes no other officer."""
    name = " ".join(unicodedata.normalize("NFKC", by).split())
    if not name:
        raise NotActivatedError("名前を書いてください(--by)。", "Say who you are: --by")
    return name


def same_person(one: str, other: str) -> bool:
    """Whether two names are one, however they are spelled."""
    return _folded(one) == _folded(other)


def _folded(by: str) -> str:
    return named(by).casefold().replace(" ", "")
