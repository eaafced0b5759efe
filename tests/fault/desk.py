"""A unit whose daemon runs as a process, and residents who show it printed codes: the real tap path, and no pcscd."""

import shutil
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.card.paper import Kind, Paper
from drivers.card.tokens import printed
from tests.appliance.live import PATIENCE_S, LiveUnit, published_check, wait_until
from tests.drivers.far_end import FarEnd
from tests.ports import free_port

ISSUER = "TEST-town.1"
FILES = ("journal.db", "journal.db-wal", "journal.db-journal")
Sound = tuple[str, str]


class Desk:
    """A unit with a scanner.

    Attributes:
        unit: the daemon, in its folder.
        key: with which the town signs printed codes.
    """

    def __init__(self, unit: LiveUnit, key: Ed25519PrivateKey) -> None:
        self.unit = unit
        self._key = key
        self._scanner = FarEnd(unit.folder.with_name(f"{unit.folder.name}.scanner"))
        config = unit.folder / "unit.toml"
        if "[drivers.scanner]" not in config.read_text():
            scanner = f'[drivers.scanner]\nmake = "serial"\npath = "{self._scanner.path}"\n'
            config.write_text(f"{config.read_text()}\n{scanner}")

    def twin(self, place: Path) -> "Desk":
        """Return the same unit once more, with everything that it has and was heard of, in another place."""
        place.mkdir()
        folder, port = self.unit.folder, free_port()
        for path in folder.parent.glob(f"{folder.name}*"):
            if path.is_dir():
                shutil.copytree(path, place / path.name, ignore=shutil.ignore_patterns("*.sock"))
            elif not path.is_symlink():
                shutil.copy(path, place / path.name)
        config = place / folder.name / "unit.toml"
        text = config.read_text().replace(str(folder.parent), str(place))
        config.write_text(text.replace(f"port = {self.unit.port}", f"port = {port}"))
        return Desk(type(self.unit)(place / folder.name, port, self.unit.environment), self._key)

    @property
    def watched(self) -> list[Path]:
        """Everything that a touch writes to, up to the beep."""
        folder = self.unit.inside or self.unit.folder
        return [*(folder / name for name in FILES), folder, self.unit.counter, self.unit.ear]

    @property
    def is_up(self) -> bool:
        return self.unit.process is not None and self.unit.process.poll() is None

    def begin(self) -> bool:
        """Start the daemon and wait until it serves, or has ended; return whether it serves."""
        self._scanner.unplug()  # whatever was shown to the last daemon is not shown to this one
        self._scanner.plug()
        self.unit.begin()
        log_was = self.unit.said().count("scanner is there")
        wait_until(
            lambda: not self.is_up or self.unit.said().count("scanner is there") > log_was, self.unit.said, PATIENCE_S
        )
        return self.is_up

    def results(self) -> list[Sound]:
        """Return what was heard of results: the sound, and the entry that it was about."""
        return [sound for sound in self.unit.heard() if sound[0] != "reading"]

    def about(self) -> dict[str, str]:
        """Return every entry that somebody heard of, with its hash."""
        return dict(about.split(" ", 1) for _, about in self.results() if about)

    def show(self, resident: int) -> None:
        """Hold a resident's code before the scanner, and wait for nothing."""
        paper = Paper(Kind.PRINTED, ISSUER, resident.to_bytes(8, "big"), date(2020, 4, 1), date(2099, 3, 31))
        self._scanner.say(printed.make(paper, self._key).encode() + b"\r")

    def tap(self, resident: int) -> Sound | None:
        """Show a resident's code; return what was heard, or None if the daemon ended before it said anything."""
        before = len(self.results())
        self.show(resident)
        wait_until(lambda: not self.is_up or len(self.results()) > before, self.unit.said, every_s=0.002)
        return next(iter(self.results()[before:]), None)

    def end(self) -> int | None:
        """End the daemon in order, if it still runs; return its exit code."""
        if self.is_up:
            return self.unit.stop()
        process, self.unit.process = self.unit.process, None
        return process.wait() if process else None

    def check(self, place: Path) -> str:
        """Check a copy of the journal as it lies there by the published format; return what is wrong, or ""."""
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for name in FILES:
            if (self.unit.here / name).exists():
                shutil.copy(self.unit.here / name, place / name)
        done = published_check(place / FILES[0], self.unit.here / "unit.pub")
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def clean_up(self) -> None:
        self.unit.clean_up()
        self._scanner.unplug()
