"""Exports as phones make them: a database of Health Connect, and the XML of an iPhone's Health app."""

import io
import zipfile
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pysqlite3

from sync.days import written

JST = timedelta(hours=9)
DAY_MS = 86_400_000
Row = tuple[str, int, int, bool]  # app or source, day, steps, whether somebody typed it

# As an iPhone writes it: the document brings its own grammar.
XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,(Record|Workout)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record type CDATA #REQUIRED value CDATA #IMPLIED>
]>
<HealthData locale="ja_JP">
 <ExportDate value="2026-12-15 09:00:00 +0900"/>
 <Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" startDate="2026-12-15 08:00:00 +0900" value="72"/>
{records}
</HealthData>
"""


def health_connect(path: Path, rows: Iterable[Row], *, with_days: bool = True) -> Path:
    """Write a database; without `with_days` it is one whose rows do not say their own day."""
    apps: dict[str, int] = {}
    with closing(pysqlite3.connect(path)) as database:
        local = ", local_date INTEGER, recording_method INTEGER" if with_days else ""
        database.execute(
            "CREATE TABLE steps_record_table (row_id INTEGER PRIMARY KEY, app_info_id INTEGER,"
            f" start_time INTEGER, end_time INTEGER, count INTEGER{local})"
        )
        for app, day, steps, by_hand in rows:
            start = day * DAY_MS + 10 * 3_600_000 - int(JST.total_seconds()) * 1000
            more = (day, 3 if by_hand else 2) if with_days else ()
            values = (apps.setdefault(app, len(apps) + 1), start, start + 60_000, steps, *more)
            marks = ", ".join("?" * len(values))
            database.execute(f"INSERT INTO steps_record_table VALUES (NULL, {marks})", values)  # noqa: S608
        database.commit()
    return path


def healthkit(rows: Iterable[Row]) -> bytes:
    """Write an `export.xml`."""
    lines = []
    for source, day, steps, by_hand in rows:
        record = (
            f' <Record type="HKQuantityTypeIdentifierStepCount" sourceName={quoteattr(source)} unit="count"'
            f' startDate="{written(day)} 10:00:00 +0900" endDate="{written(day)} 10:10:00 +0900" value="{steps}"'
        )
        typed = '>\n  <MetadataEntry key="HKWasUserEntered" value="1"/>\n </Record>'
        lines.append(record + (typed if by_hand else "/>"))
    return XML.replace("{records}", "\n".join(lines)).encode()


def packed(name: str, content: bytes) -> bytes:
    """Put a file into a ZIP file, with what a phone puts beside it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("apple_health_export/export_cda.xml", "<ClinicalDocument/>")
        made.writestr(name, content)
    return out.getvalue()


def today() -> int:
    """Return the day of a town in Japan by the clock of this machine, as the commands see it."""
    return int((datetime.now(UTC) + JST).timestamp() // 86_400)
