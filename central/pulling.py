"""Lays what arrived in a span of days into a folder: journals, and what each program has to hand over."""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from central import store
from central.durable import sync_folder, sync_tree
from central.folder import write_secret
from central.pulled import Span, files
from sync.program import day_begins_ms
from sync.segment import unpack

_JOURNALS: Final = "journals"


def gather(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    """Return every file by its path; of journals, what arrived in these days by the centre's clock."""
    return {**_journals(connection, span), **files(connection, span)}


def lay(found: dict[str, bytes], to: Path) -> None:
    """Write the files into a folder that is not there yet, for its owner only, whole or not at all.

    Raises:
        FileExistsError: it is there.
        OSError: there is no room, or the disk fails. Nothing is left behind.
    """
    if to.exists():
        raise FileExistsError(0, "is there already", str(to))
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of one that was cut off
    part.mkdir(mode=0o700)
    try:
        for name, content in found.items():
            (part / name).parent.mkdir(mode=0o700, exist_ok=True)
            write_secret(part / name, content)
        sync_tree(part)
        part.rename(to)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(to.parent)


def _journals(connection: sa.Connection, span: Span) -> dict[str, bytes]:
    """Return the segments that arrived in these days, by writer: `machi central import` takes them."""
    segment = store.segment.c
    begins_ms, ends_ms = (day_begins_ms(day, span.offset_minutes) for day in (span.first, span.last + 1))
    arrived = sa.select(segment.writer, segment.packed).order_by(segment.n)
    found: dict[str, bytearray] = defaultdict(bytearray)
    for writer, packed in connection.execute(
        arrived.where(segment.received_ms >= begins_ms, segment.received_ms < ends_ms)
    ):
        found[f"{_JOURNALS}/{writer}.segments"] += unpack(packed)
    return {name: bytes(content) for name, content in sorted(found.items())}
