"""What a state looks like once it does not matter how its random names were drawn.

Boots, fences, nonces and hashes are hexadecimal words. Two states that differ only in such words behave alike, so the
words are numbered in the order in which they appear, and only the numbers are compared.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

_WORD: Final = re.compile(r"[0-9a-f]{16,}")
_DIGEST_BYTES: Final = 16
_OURS: Final = ("appliance.", "central.", "sync.", "simulation.model.sync.wrong")
_PLAIN: Final = str | int | float | None


class Form(NamedTuple):
    """A text without its random words, as a digest, and these words in order."""

    shape: bytes
    words: tuple[str, ...]


BLANK: Final = Form(b"", ())


def form(text: str) -> Form:
    """Take a text apart."""
    return Form(digest(_WORD.sub("#", text).encode()), tuple(_WORD.findall(text)))


def key(parts: Sequence[Form], loose: Iterable[Form], besides: Any) -> bytes:
    """Return the same for two states exactly if they differ in their random words only.

    Args:
        parts: what the state is made of, in a fixed order.
        loose: what is on its way, in no order. A word that no part has means nothing any more, whichever it is.
        besides: whatever else tells states apart, of plain values.
    """
    numbers: dict[str, int] = {}
    fixed = [(part.shape, [numbers.setdefault(word, len(numbers)) for word in part.words]) for part in parts]
    moving = sorted({(one.shape, tuple(numbers.get(word, -1) for word in one.words)) for one in loose})
    return digest(msgspec.msgpack.encode((fixed, moving, besides)))


def digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).digest()


def memory(thing: object, unread: frozenset[str], seen: set[int] | None = None) -> str:
    """Return in words what a running process has in its memory: every field of our own objects, and of theirs.

    It is read off the objects themselves, so that a field which somebody adds tomorrow tells states apart as well.

    Args:
        unread: names of fields that are shown to people and decide nothing.
    """
    seen = set() if seen is None else seen
    if isinstance(thing, _PLAIN | bytes):
        return thing.hex() if isinstance(thing, bytes) else repr(thing)
    if isinstance(thing, dict):
        return "{" + ",".join(f"{name}:{memory(value, unread, seen)}" for name, value in thing.items()) + "}"
    if isinstance(thing, set | frozenset):
        return "{" + ",".join(sorted(memory(one, unread, seen) for one in thing)) + "}"
    if isinstance(thing, list | tuple):
        return "[" + ",".join(memory(one, unread, seen) for one in thing) + "]"
    if not type(thing).__module__.startswith(_OURS) or id(thing) in seen:
        return ""
    seen.add(id(thing))
    fields = msgspec.structs.asdict(thing) if isinstance(thing, msgspec.Struct) else vars(thing)
    kept = {name: value for name, value in fields.items() if name not in unread}
    return f"{type(thing).__name__}{memory(kept, unread, seen)}"
