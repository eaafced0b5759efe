"""Journals to measure with: touches of many cards, chained and sealed like a unit's own."""

import hashlib
from collections.abc import Callable, Iterator

from drivers.keystore.sim import Driver as Keystore
from programs.visits.entries import Touch
from sync import chain
from sync.entries import Entry, Fact, encode
from sync.facts import Boot, Key, Place
from sync.messages import text
from sync.segment import ENTRIES_MAX, Segment

AT = 1_795_392_000_000
CARDS = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(997)]


def touch(number: int) -> Touch:
    day = 20_780 + number // 5000
    return Touch(card=CARDS[number * 31 % len(CARDS)], place="library", day=day, proof="card")


def segments(
    keystore: Keystore,
    unit: str,
    boot: str,
    count: int,
    after: Place | None = None,
    *,
    size: int = ENTRIES_MAX,
    fact: Callable[[int], Fact] = touch,
) -> Iterator[Segment]:
    """Write one boot of a journal, in `count` segments of `size` entries; `fact`: what stands at each number but 1."""
    prev = bytes.fromhex(after.hash) if after else chain.ORIGIN
    key = Key(keystore.alg, text(keystore.public))
    begins = Boot(after=after, key=key, counter=None, clean=True, clock="held", software="bench")
    for number in range(count):
        first = number * size + 1
        numbers = range(first, first + size)
        facts = [begins if seq == 1 else fact(seq) for seq in numbers]
        entries = [Entry(unit, boot, seq, AT + seq * 37_123, one) for seq, one in zip(numbers, facts, strict=True)]
        bodies = tuple(encode(entry) for entry in entries)
        hashes = chain.links(prev, bodies)
        yield Segment(unit, boot, first, prev, bodies, chain.seal(keystore, hashes[-1]))
        prev = hashes[-1]
