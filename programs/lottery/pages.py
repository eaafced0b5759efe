"""The page of the draws: all of them, or one with its rules, list, seed, winners and prizes, and sheets to hang up."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.console.brought import Page
from central.console.moment import Moment, Say
from central.console.roles import TOWN_HALL
from programs.lottery import beacon, law, planning, running
from programs.lottery.acts import ACTS, TICKED
from programs.lottery.documents import sha256
from programs.lottery.errors import DrawError
from programs.lottery.lists import ticket
from programs.lottery.ordering import stands
from programs.lottery.publishing import TICKETS, documents
from programs.lottery.standing import ROAD, Whole, standings, when, whole

SLIPS: Final = 24  # on a sheet of A4
SLIPS_MAX: Final = 40 * SLIPS  # at once
SHEETS: Final = ("list", "winners", "slips")
SOURCE: Final = f"https://api.drand.sh/{beacon.CHAIN}/public/"
BASES: Final = {
    law.OPEN: Say("オープン懸賞", "open draw"),
    law.GENERAL: Say("一般懸賞", "general draw"),
    law.JOINT: Say("共同懸賞", "joint draw"),
}
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the same files make the same bytes


def shown(engine: sa.Engine, moment: Moment, **filters: str) -> Mapping[str, Any] | None:
    """Return what the page shows; None if somebody asks for what is not there."""
    common = {"road": ROAD, "when": lambda at_s: when(at_s, moment), "sheet": filters["print"], "fields": None}
    with store.reading(engine) as connection:
        if filters["new"] or filters["plan"]:
            return {**common, "draws": [], "one": None, **_planned(filters["plan"], filters["new"], moment)}
        if not filters["draw"]:
            return {**common, "draws": standings(connection, moment), "one": None}
        one = whole(connection, filters["draw"], moment)
        if one is None or (filters["print"] and not _has(one, filters["print"])):
            return None
        part = _part(one, filters["part"])
        return None if part is None else {**common, **_one(one, stands(connection)), **part}


def _planned(spelled: str, new: str, moment: Moment) -> dict[str, Any]:
    """Return what is shown of a draw that is not announced: the form, or the rules as they would be published."""
    plan = planning.read(spelled)
    fields = {"fields": planning.filled(plan, moment.offset_minutes), "rows": range(planning.PRIZES), "bases": BASES}
    common = {"planned": plan, "plan": spelled, "rules": None, "ticked": TICKED, **fields}
    if plan is None or new:
        return common
    try:
        rules = running.rules_of(plan, moment.now_ms // 1000)
    except (DrawError, msgspec.ValidationError):
        return common
    judged = {"warned": law.warnings(rules), "beside": law.beside(rules), "basis": BASES[rules.basis]}
    most = {"ceilings": law.ceilings(rules.basis, rules.sales_yen, rules.purchase_yen)}
    total = sum(prize.yen * prize.count for prize in rules.prizes)
    return {**common, **judged, **most, "rules": rules, "total_yen": total, "comes": beacon.time_of(rules.round)}


def _one(one: Whole, units: list[str]) -> dict[str, Any]:
    rules = one.standing.rules
    open_rows = [row for row in one.rows if row.is_open]
    return {
        "one": one,
        "rules": rules,
        "basis": BASES[rules.basis],
        "total_yen": sum(prize.yen * prize.count for prize in rules.prizes),
        "comes": beacon.time_of(rules.round),
        "source": f"{SOURCE}{rules.round}",
        "files": [(name, len(raw), sha256(raw)) for name, raw in one.files.items()],
        "open_rows": open_rows,
        "units": units,
        "ticked": TICKED,
    }


def _has(one: Whole, sheet: str) -> bool:
    """Whether there is anything for a sheet yet."""
    return sheet in SHEETS and (one.transcript if sheet == "winners" else one.frozen) is not None


def _part(one: Whole, asked: str) -> dict[str, Any] | None:
    """Return the slips of one part of the list; None for a part that is not there."""
    numbers = [ticket(line) for line in one.files.get(TICKETS, b"").splitlines()]
    parts = max(1, -(-len(numbers) // SLIPS_MAX))
    part = int(asked) if asked.isdecimal() and asked.isascii() else 0 if asked else 1
    if not 1 <= part <= parts:
        return None
    return {"slips": numbers[(part - 1) * SLIPS_MAX : part * SLIPS_MAX], "part": part, "parts": parts}


def files(engine: sa.Engine, _moment: Moment, **filters: str) -> Mapping[str, bytes]:
    """Return the documents to publish of a draw, and all of them in one file."""
    with store.reading(engine) as connection:
        try:
            found = documents(connection, filters["draw"])
        except DrawError:
            return {}
    return found | {f"{filters['draw']}.zip": _zipped(found)}


def _zipped(found: Mapping[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in found.items():
            packed.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return raw.getvalue()


PAGES: Final = (
    Page(
        "lottery",
        "抽選",
        "Draws",
        TOWN_HALL,
        shown,
        filters=("draw", "print", "part", "new", "plan"),
        files=files,
        acts=ACTS,
    ),
)
