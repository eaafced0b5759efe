"""The card that an image is written to, seen from outside: its partitions, and the files of those that are FAT."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512


@dataclass(frozen=True)
class Partition:
    """One entry of the table, in bytes."""

    start: int
    size: int
    kind: str


@dataclass(frozen=True)
class Card:
    """A card as a file."""

    path: Path

    def partitions(self) -> dict[str, Partition]:
        """Return the table, in its order."""
        table = json.loads(_said("sfdisk", "--json", self.path))["partitiontable"]
        return {
            one["name"]: Partition(one["start"] * SECTOR, one["size"] * SECTOR, one["type"].lower())
            for one in table["partitions"]
        }

    def read(self, partition: str, name: str) -> bytes:
        """Return a file of a FAT partition."""
        return _said("mtype", "-i", f"{self.path}@@{self.partitions()[partition].start}", f"::{name}")

    def lay(self, file: Path, partition: str) -> None:
        """Put a file into a FAT partition."""
        _said("mcopy", "-i", f"{self.path}@@{self.partitions()[partition].start}", file, "::")

    def part(self, partition: str, into: Path, size: int = 0) -> Path:
        """Copy a partition, or how it begins, into a file; return the file."""
        where = self.partitions()[partition]
        of = (
            f"skip={where.start}",
            f"count={size or where.size}",
            "iflag=skip_bytes,count_bytes",
            "bs=1M",
            "conv=sparse",
        )
        _said("dd", f"if={self.path}", f"of={into}", *of)
        return into

    def copied(self, into: Path) -> "Card":
        _said("cp", "--sparse=always", self.path, into)
        return Card(into)


def _said(*command: str | Path) -> bytes:
    return subprocess.run([*map(str, command)], check=True, capture_output=True).stdout
