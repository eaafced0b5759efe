"""What the Health app of an iPhone exports: one large XML file, inside a ZIP file, read as it streams by.

Phone and watch each write what they counted, often the same steps. So the records of one source are added up by day,
and of the sources the one that counted most is taken. What was typed by hand is left out.

Nothing in it is expanded: a file that declares an entity is refused, and nothing outside of it is ever fetched.
"""

from collections.abc import Mapping
from typing import BinaryIO, Final
from xml.parsers import expat

from programs.steps.cli.asking import FileError, day_of

_STEPS: Final = "HKQuantityTypeIdentifierStepCount"
_BY_HAND: Final = "HKWasUserEntered"
_CHUNK: Final = 1 << 16
_DATE: Final = len("2026-12-15")
_SOURCES_MAX: Final = 200
_VALUE_MAX: Final = 1_000_000


class _Export:
    """Collects steps by source and day while elements go by."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[int, int]] = {}
        self.is_health = False
        self._record: tuple[str, int, int] | None = None
        self._parser = expat.ParserCreate()
        self._parser.EntityDeclHandler = self._declared
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    def read(self, file: BinaryIO) -> None:
        try:
            while chunk := file.read(_CHUNK):
                self._parser.Parse(chunk)
            self._parser.Parse(b"", True)  # noqa: FBT003 - expat's way to say that this is the end
        except expat.ExpatError as error:
            raise _damaged(error.lineno, str(error)) from error

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self.is_health = self.is_health or name == "HealthData"
        if name == "Record" and attributes.get("type") == _STEPS:
            self._record = self._read(attributes)
        elif name == "MetadataEntry" and attributes.get("key") == _BY_HAND and attributes.get("value") == "1":
            self._record = None

    def _read(self, attributes: Mapping[str, str]) -> tuple[str, int, int]:
        try:
            day, steps = day_of(attributes["startDate"][:_DATE]), int(attributes["value"])
        except (KeyError, ValueError) as error:
            raise _damaged(self._parser.CurrentLineNumber, f"no day or no number: {error}") from error
        return attributes.get("sourceName", ""), day, steps if 0 < steps <= _VALUE_MAX else 0

    def _end(self, name: str) -> None:
        if name != "Record" or self._record is None:
            return
        (source, day, steps), self._record = self._record, None
        days = self.steps.setdefault(source, {})
        days[day] = days.get(day, 0) + steps
        if len(self.steps) > _SOURCES_MAX:
            raise _damaged(self._parser.CurrentLineNumber, f"more than {_SOURCES_MAX} sources")

    def _declared(self, *_entity: object) -> None:
        raise _damaged(self._parser.CurrentLineNumber, "it declares an entity, which no export of an iPhone does")


def read(file: BinaryIO) -> dict[int, int]:
    """Return the steps by day of an `export.xml`.

    Raises:
        FileError: it is none, or damaged; the message says in which line.
    """
    export = _Export()
    export.read(file)
    if not export.is_health:
        raise FileError(
            "iPhoneの「ヘルスケア」の書き出しではありません。", "This is no export of an iPhone's Health app."
        )
    found: dict[int, int] = {}
    for days in export.steps.values():
        for day, steps in days.items():
            found[day] = max(found.get(day, 0), steps)
    return found


def _damaged(line: int, why: str) -> FileError:
    return FileError(
        f"「ヘルスケア」の書き出しの {line}行目を読めません。iPhoneでもう一度書き出してください。",
        f"Line {line} of this export of the Health app cannot be read ({why}): export it again on the iPhone.",
    )
