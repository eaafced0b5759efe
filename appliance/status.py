"""How a unit is, on one page: for the technician, for the login banner, for the monitoring."""

from collections import deque
from typing import Final

import msgspec

from appliance.care import Care
from appliance.readers import Readers
from appliance.symptoms import Spared
from appliance.twinned import Lag
from appliance.unit import WAITING_MAX, Unit
from appliance.vicinity import Keeps
from sync.facts import Gap
from sync.rights import Moves
from sync.symptoms import Symptom

_TIMINGS_KEPT: Final = 1000


class Timings:
    """How long the last touches took, from the card's arrival to the result, in seconds."""

    def __init__(self) -> None:
        self._kept: deque[float] = deque(maxlen=_TIMINGS_KEPT)

    def add(self, seconds: float) -> None:
        self._kept.append(seconds)

    def percentile(self, share: float) -> float | None:
        """Return the time that this share of the touches stayed within, or None before the first."""
        ordered = sorted(self._kept)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


class Status(msgspec.Struct, frozen=True):
    """One unit. `schema` names the form of this document; times are Unix milliseconds or seconds, as named.

    `disbelieved`: why the town's own pass issuers are not believed here, or empty.
    `unsent_money`: how many entries that the centre has not heard are about money, or anything else that is dealt out.
    `operator`: who is signed in behind the counter; 0 for nobody. `screens`: how many pages of its screen are open.
    `paper`: why the last receipt did not come out, or empty.
    `twin`: how far behind the journal's second copy is; `neighbour`: the one at a neighbour. `keeps`: those of others.
    `symptoms`: what it suffers from, the gravest first; `spares`: what it has given up for that.
    """

    schema: str
    unit: str
    epoch: int
    place: str
    closed: str | None
    readers: list[str]
    reader_service: bool
    tip: str
    unsent: int
    unsent_money: int
    oldest_unsent_ms: int | None
    contact_ms: int | None
    state: str
    frozen: str
    strange: str
    disbelieved: str
    paper: str
    operator: int
    screens: int
    lost: list[Gap]
    twin: Lag
    neighbour: Lag
    keeps: Keeps
    symptoms: list[Symptom]
    spares: list[Spared]
    touch_p50_s: float | None
    touch_p95_s: float | None


def look(unit: Unit, care: Care, readers: Readers, timings: Timings, screens: int = 0) -> Status:
    """Put the status together."""
    backlog, standing, tip = unit.hatch.backlog(), unit.hatch.standing, unit.opened.journal.tip
    here = unit.directory.here()
    return Status(
        schema="machi.unit.status/1",
        unit=unit.name,
        epoch=unit.epoch,
        place=here.place if here else "",
        closed=unit.tap.closed(),
        readers=sorted(readers.names),
        reader_service=readers.service,
        tip=f"{tip.boot}/{tip.seq}" if tip else "",
        unsent=backlog.unsent,
        unsent_money=_money(unit, backlog.unsent),
        oldest_unsent_ms=backlog.oldest_ms,
        contact_ms=standing.contact_ms,
        state=standing.state,
        frozen=standing.frozen,
        strange=standing.strange,
        disbelieved=unit.tap.believer.refused,
        paper=unit.receipts.trouble or "",
        operator=unit.tap.moment().operator.number,
        screens=screens,
        lost=unit.opened.lost,
        twin=unit.twin.look(),
        neighbour=unit.vicinity.lag(),
        keeps=unit.vicinity.keeps(),
        symptoms=list(care.symptoms),
        spares=list(care.spared),
        touch_p50_s=timings.percentile(0.5),
        touch_p95_s=timings.percentile(0.95),
    )


def _money(unit: Unit, unsent: int) -> int:
    """Count what moves rights; of more than is ever told apart, everything."""
    moving = sum(isinstance(fact, Moves) and bool(fact.moves[1]) for fact in unit.staff.unheard())
    return moving + max(0, unsent - WAITING_MAX)
