"""A plan that somebody is writing: it stands in the page's own address, so it can be gone back to, kept and sent.

Nothing of it is stored: a screen that locks meanwhile, or a browser that is closed, loses nothing that its address has.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Final

import msgspec

from programs.points.entries import Plan, Rule
from programs.points.written import BYTES_MAX, PlanError, read, write
from sync.months import first_day, month_of

ADDRESS_MAX: Final = 3_000
"""So long may a draft's address be: it has to pass the form of whoever signs in anew, and servers in front of ours."""

_QUAD: Final = 4


def address(plan: Plan) -> str:
    """Return a draft as it stands in an address."""
    return urlsafe_b64encode(zlib.compress(write(plan).encode(), 9)).decode().rstrip("=")


def read_address(text: str) -> Plan | None:
    """Read a draft from an address; None if it is none."""
    try:
        packed, unpacking = urlsafe_b64decode(text + "=" * (-len(text) % _QUAD)), zlib.decompressobj()
        content = unpacking.decompress(packed, BYTES_MAX + 1)
        return read(content) if unpacking.eof else None  # one that was cut short has lost its last rules
    except (ValueError, zlib.error, PlanError):
        return None


def begun(plan: Plan | None, today: int) -> Plan:
    """Return a draft that starts from a plan, or from none: with the month after this one."""
    return msgspec.structs.replace(plan or Plan(0, ()), starts=first_day(month_of(today) + 1))


def without(plan: Plan, rule: str) -> Plan:
    """Drop a rule."""
    return msgspec.structs.replace(plan, rules=tuple(one for one in plan.rules if one.id != rule))


def put(plan: Plan, rule: Rule) -> Plan:
    """Put a rule in the place of the one with its id; at the end, if there is none."""
    if all(one.id != rule.id for one in plan.rules):
        return msgspec.structs.replace(plan, rules=(*plan.rules, rule))
    rules = tuple(rule if one.id == rule.id else one for one in plan.rules)
    return msgspec.structs.replace(plan, rules=rules)


def fresh_id(used: Iterable[str]) -> str:
    """Return a name that no rule has ever had: by its name a rule's points are counted, for ever."""
    taken = set(used)
    return next(name for number in range(1, len(taken) + 2) if (name := f"rule-{number}") not in taken)
