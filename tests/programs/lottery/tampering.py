"""What somebody may change in the published documents of a draw, each so that as little as possible gives it away."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from programs.lottery.drawing import draw, seed_of

Documents = dict[str, Any]
_NAMES: Final = ("rules.json", "tickets.csv", "frozen.json", "transcript.json")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _written(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _ticket(found: Documents) -> None:
    found["tickets.csv"] = found["tickets.csv"].replace("\nD00002,", "\nD000020,", 1)


def _ticket_with_digests(found: Documents) -> None:
    """Another person behind a ticket who has no other, and everything made to fit but the root."""
    tags = [line.split(",")[1] for line in found["tickets.csv"].splitlines()]
    tag = next(tag for tag in tags if tags.count(tag) == 1)
    found["tickets.csv"] = found["tickets.csv"].replace(tag, tag[::-1])
    digest = _sha256(found["tickets.csv"])
    found["frozen.json"]["list_sha256"] = found["transcript.json"]["list_sha256"] = digest
    found["transcript.json"]["frozen_sha256"] = _sha256(_written(found["frozen.json"]))


def _one_more(found: Documents) -> None:
    found["tickets.csv"] += "Z9," + "ab" * 16 + "\n"


def _twice(found: Documents) -> None:
    lines = found["tickets.csv"].splitlines(keepends=True)
    found["tickets.csv"] = "".join([lines[0], *lines])


def _seed(found: Documents) -> None:
    found["transcript.json"]["seed"] = "11" * 32


def _root(found: Documents) -> None:
    found["frozen.json"]["root"] = found["transcript.json"]["root"] = "22" * 32
    found["transcript.json"]["frozen_sha256"] = _sha256(_written(found["frozen.json"]))


def _root_with_winners(found: Documents) -> None:
    """Another root, and everything that follows from it made to fit, but the list."""
    _root(found)
    _draw(found, bytes.fromhex(found["frozen.json"]["root"]))


def _randomness(found: Documents) -> None:
    found["transcript.json"]["randomness"] = "33" * 32


def _winner(found: Documents) -> None:
    winners = found["transcript.json"]["winners"]
    winners[0]["ticket"], winners[1]["ticket"] = winners[1]["ticket"], winners[0]["ticket"]


def _alternate(found: Documents) -> None:
    found["transcript.json"]["alternates"].reverse()


def _round(found: Documents) -> None:
    found["transcript.json"]["round"] += 1


def _rules(found: Documents) -> None:
    found["rules.json"]["rules"]["title_en"] += "!"


def _cap(found: Documents) -> None:
    """A cap below what somebody holds, in rules to which everything else was made to fit."""
    found["rules.json"]["rules"]["cap"] = 2
    _fit(found)


def _early(found: Documents) -> None:
    """A closing of which the round is less than an hour away."""
    found["rules.json"]["rules"]["close_at"] += 1
    _fit(found)


def _fit(found: Documents) -> None:
    digest = _sha256(_written(found["rules.json"]))
    found["frozen.json"]["rules_sha256"] = found["transcript.json"]["rules_sha256"] = digest
    found["transcript.json"]["frozen_sha256"] = _sha256(_written(found["frozen.json"]))


CHANGES: Final[dict[str, Callable[[Documents], None]]] = {
    "a changed ticket": _ticket,
    "a changed person, digests made to fit": _ticket_with_digests,
    "one ticket more": _one_more,
    "one ticket twice": _twice,
    "a changed seed": _seed,
    "a changed root": _root,
    "a changed root, seed and winners made to fit": _root_with_winners,
    "changed randomness": _randomness,
    "two winners change places": _winner,
    "alternates change places": _alternate,
    "another round": _round,
    "other rules": _rules,
    "a cap that is not kept": _cap,
    "a closing that is too late": _early,
}


def read(folder: Path) -> Documents:
    texts = {name: (folder / name).read_text() for name in _NAMES}
    return {name: json.loads(text) if name.endswith("json") else text for name, text in texts.items()}


def write(found: Documents, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, document in found.items():
        (folder / name).write_text(document if isinstance(document, str) else _written(document))


def change(source: Path, folder: Path, name: str) -> None:
    """Write a draw with one change in it."""
    found = read(source)
    before = json.dumps(found)
    CHANGES[name](found)
    assert json.dumps(found) != before, "this change changed nothing"
    write(found, folder)


def forge(source: Path, folder: Path) -> None:
    """Write a draw in which everything fits, but the signature is nobody's."""
    found = read(source)
    transcript = found["transcript.json"]
    transcript["signature"] = transcript["signature"][:-2] + "00"
    transcript["randomness"] = hashlib.sha256(bytes.fromhex(transcript["signature"])).hexdigest()
    _draw(found, bytes.fromhex(found["frozen.json"]["root"]))
    write(found, folder)


def _draw(found: Documents, root: bytes) -> None:
    """Write the seed and the winners that follow from a root and the randomness that stands there."""
    rules, transcript = found["rules.json"]["rules"], found["transcript.json"]
    listed = found["tickets.csv"].encode().splitlines()
    seed = seed_of(rules["draw"], root, bytes.fromhex(transcript["randomness"]))
    outcome = draw(listed, seed, sum(prize["count"] for prize in rules["prizes"]), rules["alternates"])
    transcript |= {"seed": seed.hex(), "alternates": list(outcome.alternates)}
    for winner, ticket in zip(transcript["winners"], outcome.winners, strict=True):
        winner["ticket"] = ticket
