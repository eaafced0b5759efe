"""Disputes (調査依頼): somebody says that an entry is wrong, and the office looks into it.

The evidence is the entry itself, with its chain and its signature; so a claim is answered from what was signed at the
counter, and not from memory. A case moves no money: what is put right is put right by an entry of its own.
"""

from collections.abc import Iterable

import msgspec

from central.centre import Centre
from central.console.proofs import Proof, Proofs
from programs.coin.settlement import tables
from programs.coin.settlement.books import When, when
from programs.coin.settlement.facts import CaseClosed, CaseOpened
from sync.entries import Entry, EntryId
from sync.messages import OFFICE_STREAM


class CaseError(Exception):
    """There is no such entry or case, or it is open or closed already; nothing was said."""


class Case(msgspec.Struct, frozen=True):
    """A dispute about one entry. `outcome`: what was found out; "" while it is open."""

    number: int
    about: str
    because: str
    opened: When
    outcome: str = ""
    closed: When | None = None


def fold(entries: Iterable[Entry]) -> dict[int, Case]:
    """Return the cases by number, in whichever order they were heard; what others than the office say opens none."""
    cases: dict[int, Case] = {}
    for entry in sorted((entry for entry in entries if entry.unit == OFFICE_STREAM), key=when):
        match entry.fact:
            case CaseOpened(number=number, about=about, because=because):
                cases[number] = Case(number, about, because, when(entry))
            case CaseClosed(number=number, outcome=outcome) if number in cases and cases[number].closed is None:
                cases[number] = msgspec.structs.replace(cases[number], outcome=outcome, closed=when(entry))
            case _:
                pass
    return cases


def open_case(centre: Centre, about: EntryId, because: str) -> Case:
    """Open a case about an entry.

    Raises:
        CaseError: the entry is not held here, or there is an open case about it.
    """
    if evidence(centre, str(about)) is None:
        raise CaseError(f"{about} is not held here; the unit may not have sent it yet")
    with centre.reconciler.counted() as connection:
        cases = fold(tables.said_entries(connection))
        if same := next((one for one in cases.values() if one.about == str(about) and one.closed is None), None):
            raise CaseError(f"case {same.number} about {about} is open already")
        number = max(cases, default=0) + 1
        centre.streams.append(connection, OFFICE_STREAM, [CaseOpened(number, str(about), because)])
    return cases_of(centre)[number]


def close_case(centre: Centre, number: int, outcome: str) -> Case:
    """Close a case with what was found out.

    Raises:
        CaseError: there is none of that number that is open.
    """
    with centre.reconciler.counted() as connection:
        found = fold(tables.said_entries(connection)).get(number)
        if found is None or found.closed is not None:
            raise CaseError(f"there is no open case {number}")
        centre.streams.append(connection, OFFICE_STREAM, [CaseClosed(number, outcome)])
    return cases_of(centre)[number]


def cases_of(centre: Centre) -> dict[int, Case]:
    """Return all cases, by number."""
    with centre.reconciler.counted() as connection:
        return fold(tables.said_entries(connection))


def evidence(centre: Centre, about: str) -> Proof | None:
    """Return the entry of a case with its proof, made anew from the stored bytes; None if it is not held."""
    return Proofs(centre.engine, centre.town.signer.public).proof(EntryId.parse(about))
