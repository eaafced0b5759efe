"""The frozen list: one line for each ticket, its root, and the proof that a ticket stands in it.

A line is `ticket,tag`, the lines in the order of their bytes, each ended by a newline. The tag stands for a person: the
first 16 bytes of HMAC-SHA256(key of the draw, holder), so the list says that somebody has several tickets and not who
that is. The root is that of a Merkle tree as in RFC 6962: SHA-256(0 ‖ line) for a leaf, SHA-256(1 ‖ left ‖ right)
above, an odd one goes up as it is. Arithmetic only.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from programs.lottery.entries import Tickets

TAG_BYTES: Final = 16


class Proof(msgspec.Struct, frozen=True):
    """That a line is the one at `index` of so many; `path`: the neighbours from the leaf up, in hexadecimal."""

    line: str
    index: int
    tickets: int
    path: tuple[str, ...]


def tag_of(key: bytes, holder: str) -> str:
    """Return what stands for a person in the list of one draw."""
    return hmac.digest(key, holder.encode(), "sha256")[:TAG_BYTES].hex()


def numbers(ref: str, count: int) -> list[str]:
    """Return the tickets of one purchase: its own number if it is one, else that with a running number behind."""
    return [ref] if count == 1 else [f"{ref}.{number:04d}" for number in range(1, count + 1)]


def lines(tickets: Iterable[Tickets], key: bytes) -> list[bytes]:
    """Return the lines of a list, without their newlines, in order."""
    tags: dict[str, str] = {}
    found: list[bytes] = []
    for one in tickets:
        tag = tags.get(one.holder) or tags.setdefault(one.holder, tag_of(key, one.holder))
        found += (f"{number},{tag}".encode() for number in numbers(one.ref, one.count))
    return sorted(found)


def ticket(line: bytes) -> str:
    return line.partition(b",")[0].decode()


def person(line: bytes) -> bytes:
    """Return the tag of a line; a line without one stands for itself."""
    number, _, tag = line.partition(b",")
    return tag or number


def people(of: Iterable[bytes]) -> int:
    return len({person(line) for line in of})


def digest(of: Sequence[bytes]) -> str:
    """Return the SHA-256 of the list as it is published."""
    return hashlib.sha256(text(of)).hexdigest()


def text(of: Sequence[bytes]) -> bytes:
    """Return the list as it is published."""
    return b"".join(line + b"\n" for line in of)


def root(of: Sequence[bytes]) -> bytes:
    """Return the root of the tree over all lines."""
    level = _leaves(of)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else hashlib.sha256().digest()


def prove(of: Sequence[bytes], index: int) -> Proof:
    """Return the proof that a line stands in the list."""
    level, at, path = _leaves(of), index, []
    while len(level) > 1:
        if (beside := at ^ 1) < len(level):
            path.append(level[beside].hex())
        level, at = _above(level), at // 2
    return Proof(of[index].decode(), index, len(of), tuple(path))


def proven(proof: Proof) -> bytes:
    """Return the root that a proof leads to; it says nothing before somebody compares that with the published one."""
    found = _leaf(proof.line.encode())
    at, size, waiting = proof.index, proof.tickets, list(proof.path)
    while size > 1:
        if at ^ 1 < size:
            other = bytes.fromhex(waiting.pop(0)) if waiting else b""
            found = _node(other, found) if at % 2 else _node(found, other)
        at, size = at // 2, (size + 1) // 2
    return found if not waiting and at == 0 else b""


def _leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\0" + line).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _leaves(of: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    return [sha256(b"\0" + line).digest() for line in of]


def _above(level: list[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    above = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return above + level[-1:] if len(level) % 2 else above
