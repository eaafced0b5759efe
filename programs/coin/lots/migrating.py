"""Gift certificates of an earlier system become coin: balances, with their history, and the proof that nothing changed.

The lists are the whole truth about an issue: they are taken over as they are or not at all, and again without effect.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from central import ledger
from central.centre import Centre
from programs.coin.lots import books
from programs.coin.lots.days import day_of
from programs.coin.lots.facts import Carried, Given, Source
from programs.coin.lots.giving import NotGivenError, give, why_unwritable
from programs.coin.lots.lists import Line, yen_of
from sync.messages import OFFICE_STREAM

_ISSUE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,18}")
BALANCES: Final = ("id", "card", "yen")
HISTORY: Final = ("id", "day", "yen", "text")


class Certificate(msgspec.Struct, frozen=True):
    """What was left on a certificate. `line`: where its list says so."""

    number: str
    card: str
    yen: int
    expires: int
    line: int


class Past(msgspec.Struct, frozen=True):
    """Something that happened to a certificate: it was issued, or used (below zero)."""

    number: str
    day: int
    yen: int
    text: str
    line: int


class NotEqualError(Exception):
    """The lists do not agree with each other, with the total, or with what was taken over before. Nothing was done."""

    def __init__(self, whys: Sequence[str]) -> None:
        super().__init__("\n".join(whys))
        self.whys = tuple(whys)


class Proof(msgspec.Struct, frozen=True):
    """How much there was before and is after, in the lists and in the ledger."""

    certificates: int
    listed_yen: int
    given_yen: int
    ledger_yen: int
    history: int
    carried: int

    @property
    def holds(self) -> bool:
        return self.listed_yen == self.given_yen == self.ledger_yen and self.history == self.carried


def certificate(line: Line) -> Certificate:
    """Read a line of the list of balances.

    Raises:
        ValueError: it says no certificate; the message says why.
    """
    if (yen := yen_of(line.must("yen"))) < 0:
        raise ValueError(f"¥{yen} cannot be left on a certificate")
    return Certificate(line.must("id"), line.must("card").lower(), yen, line.expires, line.number)


def past(line: Line) -> Past:
    """Read a line of the list of what happened.

    Raises:
        ValueError: it says nothing that can be read; the message says why.
    """
    return Past(line.must("id"), day_of(line.must("day")), yen_of(line.must("yen")), line.must("text"), line.number)


def fund_of(issue: str) -> str:
    return f"certificates-{issue}"


def ref_of(issue: str, number: str) -> str:
    return f"certificate:{issue}/{number}"


def differences(certificates: Sequence[Certificate], history: Sequence[Past] | None, total: int) -> list[str]:
    """Return where the lists do not agree with each other, or with the total by the earlier system.

    Args:
        history: what happened to the certificates, all of it; None if it is not known.
    """
    found: list[str] = []
    if (listed := sum(one.yen for one in certificates)) != total:
        found.append(f"the list has ¥{listed} in all, the total is ¥{total}: {abs(listed - total)} apart")
    times = Counter(one.number for one in certificates)
    found += [
        f'line {one.line}: certificate "{one.number}" stands there twice'
        for one in certificates
        if times[one.number] > 1
    ]
    if history is None:
        return found
    sums = Counter[str]()
    for one in history:
        sums[one.number] += one.yen
    found += [
        f'history, line {one.line}: certificate "{one.number}" is not in the list of balances'
        for one in history
        if one.number not in times
    ]
    found += [
        f'line {one.line}: ¥{one.yen} on "{one.number}", but its history makes ¥{sums[one.number]}'
        for one in certificates
        if sums[one.number] != one.yen
    ]
    return found


def migrate(
    centre: Centre,
    issue: str,
    certificates: Sequence[Certificate],
    history: Sequence[Past] | None,
    total: int,
    *,
    to_anybody: bool = False,
) -> Proof:
    """Turn certificates into coin, each a lot of its own with the last day that it had.

    Raises:
        NotEqualError: the lists do not agree, with each other or with what was taken over before; nothing is done.
    """
    listed = [one for one in certificates if one.yen]
    gifts = [_gift(issue, one) for one in listed]
    carried = _carried(issue, certificates, history or ())
    with centre.reconciler.counted() as connection:
        changed = _changed(connection, issue, gifts, carried if history is not None else None)
    if whys := [*_unwritable(issue, carried), *differences(certificates, history, total), *changed]:
        raise NotEqualError(whys)
    try:
        give(centre, gifts, to_anybody=to_anybody)
    except NotGivenError as error:
        raise NotEqualError([f"line {listed[one.at].line}: {one.why}" for one in error.refusals]) from error
    with centre.reconciler.counted() as connection:
        held = books.carried_under(connection, ref_of(issue, ""))
        if new := [line for ref, lines in carried.items() if ref not in held for line in lines]:
            centre.streams.append(connection, OFFICE_STREAM, new)
    with centre.reconciler.counted() as connection:
        return _proof(connection, issue, certificates, history)


def _gift(issue: str, one: Certificate) -> Given:
    reason = f"{issue} {one.number}"
    return Given(
        one.card, one.yen, Source.CERTIFICATE, fund_of(issue), reason, 0, one.expires, ref_of(issue, one.number)
    )


def _carried(issue: str, certificates: Iterable[Certificate], history: Iterable[Past]) -> dict[str, list[Carried]]:
    """Return what is to be carried over, by reference, in the order of the days."""
    cards = {one.number: one.card for one in certificates}
    found: dict[str, list[Carried]] = {}
    for one in sorted(history, key=lambda one: (one.day, one.line)):
        ref = ref_of(issue, one.number)
        line = Carried(cards.get(one.number, ""), ref, one.day, one.yen, one.text)
        found.setdefault(ref, []).append(line)
    return found


def _unwritable(issue: str, carried: Mapping[str, Sequence[Carried]]) -> list[str]:
    """Return what could never be written down, so that it is known before anything is."""
    if not _ISSUE.fullmatch(issue):
        return [f'"{issue}" cannot be the name of an issue: a-z, 0-9 and -, 19 at most']
    return [f"{line.ref}: {why}" for lines in carried.values() for line in lines if (why := why_unwritable(line))]


def _changed(
    connection: sa.Connection, issue: str, gifts: Sequence[Given], carried: Mapping[str, Sequence[Carried]] | None
) -> list[str]:
    """Return what was taken over before and stands no longer in the lists, or otherwise."""
    given = books.given_under(connection, ref_of(issue, ""))
    held = books.carried_under(connection, ref_of(issue, ""))
    gone = sorted(given.keys() - {one.ref for one in gifts})
    others = sorted(ref for ref, lines in held.items() if carried is not None and carried.get(ref) != lines)
    return [f"{ref} was taken over before, and is not in this list" for ref in gone] + [
        f"{ref} was taken over before, with another history" for ref in others
    ]


def _proof(
    connection: sa.Connection, issue: str, certificates: Sequence[Certificate], history: Sequence[Past] | None
) -> Proof:
    given = books.given_under(connection, ref_of(issue, ""))
    carried = sum(len(lines) for lines in books.carried_under(connection, ref_of(issue, "")).values())
    return Proof(
        certificates=len(certificates),
        listed_yen=sum(one.yen for one in certificates),
        given_yen=sum(one.yen for one in given.values()),
        ledger_yen=-ledger.balance(connection, f"fund/{fund_of(issue)}"),
        history=carried if history is None else len(history),
        carried=carried,
    )
