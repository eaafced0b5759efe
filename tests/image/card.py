"""The card that an image is written to, seen from outside: its partitions and their files."""

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

    def keep(self, file: Path, name: str) -> None:
        """Put a file into the data partition, also over one that is there."""
        self._data(f"rm {name}\nwrite {file} {name}\n", "-w")

    def kept(self, name: str, into: Path) -> Path:
        """Copy a file of the data partition; return the copy."""
        self._data(f"dump {name} {into}\n")
        return into

    def _data(self, orders: str, *how: str) -> None:
        """Let debugfs (e2fsprogs) do something with the data partition, once that is whole as after a start."""
        data = f"{self.path}?offset={self.partitions()['data'].start}"
        subprocess.run(["e2fsck", "-p", data], check=False, capture_output=True)  # 1: mended
        command = ["debugfs", *how, "-f", "/dev/stdin", data]
        done = subprocess.run(command, input=orders, capture_output=True, text=True, check=True)
        wrong = [line for line in done.stderr.splitlines() if not line.startswith(("debugfs 1.", "rm: File not found"))]
        assert wrong == []  # it ends with 0 also when it could not do it

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
