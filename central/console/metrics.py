"""What the centre knows of units and of itself, in the words of Prometheus: /metrics.

Names after its conventions: base units, `_total` for what only grows. A unit is a label; a card, a person or an amount
of money never is. What a unit says only while it suffers from it (heat, wear, failed reads) is there only then.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from central.console.books import UnitLine
from central.console.troubles import Kind, Seen, Trouble
from central.heard import HOUR_MS
from sync.facts import UnitState
from sync.symptoms import Grade, What

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MS: Final = 1_000
_MIB: Final = 1 << 20
_PERCENT: Final = 100

# What a unit says with a symptom, and in which base unit it is: name, help, figures in one of these.
_SAID: Final = {
    What.HOT: ("temperature_celsius", "Temperature inside, while it is too hot.", 1.0),
    What.WEAR: ("card_wear_ratio", "Share of its SD card's life that is used, once that is much.", 1 / _PERCENT),
    What.READER_DIRTY: ("read_failures_ratio", "Share of reads that failed lately, while it grows.", 1 / _PERCENT),
    What.ROOM: ("journal_free_bytes", "Room left for the journal, while it is little.", float(_MIB)),
}


class _Said(Collector):
    """Hands over what was found."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def metrics(seen: Seen, found: Sequence[Trouble], now_ms: int, segments: int, waiting: int) -> bytes:
    """Return everything in the text format 0.0.4.

    Args:
        found: the troubles.
        segments: how many were ever taken; `waiting`: how many of these are not added up yet.
    """
    registry = CollectorRegistry()
    used = [unit for unit in seen.units if unit.state != UnitState.CLOSED]
    all_of = [*_units(used), *_figures(used), *_habits(used, seen, now_ms), *_troubles(found)]
    registry.register(_Said([*all_of, *_centre(seen, segments, waiting)]))
    return generate_latest(registry)


def _gauge(name: str, about: str, values: Iterable[tuple[str, float | None]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"machitap_unit_{name}", about, labels=["unit"])
    for unit, value in values:
        if value is not None:
            family.add_metric([unit], value)
    return family


def _seconds(at_ms: int | None) -> float | None:
    return None if at_ms is None else at_ms / _MS


def _units(units: Sequence[UnitLine]) -> Iterator[Metric]:
    info = InfoMetricFamily("machitap_unit", "What a unit is and where.", labels=["unit"])
    entries = CounterMetricFamily("machitap_unit_entries", "Entries of a unit that are held here.", labels=["unit"])
    refusals = CounterMetricFamily("machitap_unit_refusals", "How often something was refused.", labels=["unit"])
    for unit in units:
        said = {"place": unit.place, "counter": unit.counter, "state": str(unit.state), "software": unit.software}
        info.add_metric([unit.name], said)
        entries.add_metric([unit.name], unit.entries)
        refusals.add_metric([unit.name], unit.refused)
    yield from (info, entries, refusals)
    dated = (
        ("last_contact", "When a unit called last.", [(one.name, one.contact_ms) for one in units]),
        ("last_entry", "When entries of a unit arrived last.", [(one.name, one.arrived_ms) for one in units]),
        ("oldest_unsent", "When its oldest unsent entry was written.", [(one.name, one.oldest_ms) for one in units]),
        ("certificate_expiry", "When its certificate ends.", [(one.name, one.certificate_ms) for one in units]),
    )
    for name, about, at_ms in dated:
        yield _gauge(f"{name}_timestamp_seconds", about, ((unit, _seconds(at)) for unit, at in at_ms))
    unsent = ((one.name, None if one.contact_ms is None else one.unsent) for one in units)
    yield _gauge("unsent_entries", "Entries that it had not sent at its last contact.", unsent)
    ahead = ((one.name, None if one.arrived_ms is None else one.ahead_s) for one in units)
    yield _gauge("clock_ahead_seconds", "So far ahead was its last entry when it arrived.", ahead)
    vouched = ((one.name, one.clock != "unknown" if one.clock else None) for one in units)
    yield _gauge("clock_vouched", "1: it says that something vouches for its clock.", vouched)


def _figures(units: Sequence[UnitLine]) -> Iterator[Metric]:
    said = GaugeMetricFamily("machitap_unit_symptom", "1: it suffers from this.", labels=["unit", "symptom", "grade"])
    for unit in units:
        for one in unit.symptoms:
            if one.what in list(What):  # what a later version says is its own word, and there may be many
                said.add_metric([unit.name, one.what, str(one.grade)], 1)
    yield said
    for what, (name, about, factor) in _SAID.items():
        at = [(unit.name, one.figure * factor) for unit in units for one in unit.symptoms if one.what == what]
        yield _gauge(name, about, dict(at).items())


def _habits(units: Sequence[UnitLine], seen: Seen, now_ms: int) -> Iterator[Metric]:
    hour = now_ms // HOUR_MS
    known = [(unit.name, seen.rhythms.get(unit.name)) for unit in units]
    expected = ((unit, rhythm.expects(hour)) for unit, rhythm in known if rhythm and rhythm.is_learned)
    yield _gauge("expected", "1: it is usually heard in this hour of the week.", expected)


def _troubles(found: Sequence[Trouble]) -> Iterator[Metric]:
    about = "Troubles that a person should see to, as the console shows them."
    family = GaugeMetricFamily("machitap_troubles", about, labels=["kind", "grade"])
    for kind in Kind:
        for grade in Grade:
            count = sum((one.kind, one.grade) == (kind, grade) for one in found)
            family.add_metric([str(kind), str(grade)], count)
    yield family


def _centre(seen: Seen, segments: int, waiting: int) -> Iterator[Metric]:
    yield CounterMetricFamily("machitap_centre_segments", "Segments that were taken.", value=segments)
    yield GaugeMetricFamily("machitap_centre_waiting_segments", "Segments not added up yet.", value=waiting)
    yield GaugeMetricFamily(
        "machitap_centre_start_time_seconds", "Since when this centre listens.", value=seen.since_ms / _MS
    )
    open_ones = len(seen.incidents)
    yield GaugeMetricFamily("machitap_centre_open_incidents", "Incidents that nobody has closed.", value=open_ones)
    if seen.room:
        about = "of the disk below the centre's folder."
        yield GaugeMetricFamily("machitap_centre_disk_free_bytes", f"Room left {about}", value=seen.room.free_bytes)
        yield GaugeMetricFamily("machitap_centre_disk_size_bytes", f"Size {about}", value=seen.room.size_bytes)
