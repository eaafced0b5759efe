"""How winners follow from a frozen list and a public random number, so that anybody comes to the same ones.

Algorithm `townpass-draw-v1`: seed = SHA-256(algorithm ‖ 0 ‖ draw ‖ 0 ‖ root ‖ randomness). The stream is SHA-256(seed ‖
counter), counter as 8 bytes from 0 on, read byte by byte. A number below n takes as few bytes as hold n - 1, cut to its
bits, and is thrown again until it is below n: so no ticket is favoured. A partial Fisher-Yates shuffle takes ticket
after ticket; whoever has won already is passed over, so nobody wins twice. Arithmetic only.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from programs.lottery.lists import person, ticket

ALGORITHM: Final = "townpass-draw-v1"
_DIGEST: Final = 32


class Outcome(msgspec.Struct, frozen=True):
    """The tickets that were drawn, in order; alternates come after all prizes are given out."""

    winners: tuple[str, ...]
    alternates: tuple[str, ...]


def seed_of(draw: str, root: bytes, randomness: bytes) -> bytes:
    """Return what all chance of a draw comes from."""
    return hashlib.sha256(b"\0".join((ALGORITHM.encode(), draw.encode(), root + randomness))).digest()


def below(seed: bytes) -> Callable[[int], int]:
    """Return what gives one number after the other, each below the given one and all of them equally likely."""
    stream = _stream(seed)

    def number(limit: int) -> int:
        bits = (limit - 1).bit_length() or 1
        size = (bits + 7) // 8
        while True:
            value = int.from_bytes(bytes(next(stream) for _ in range(size)), "big") & ((1 << bits) - 1)
            if value < limit:
                return value

    return number


def _stream(seed: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
        counter += 1


def order(count: int, seed: bytes) -> Iterator[int]:
    """Go through the numbers below `count` in the order in which they are drawn.

    Only the places that were swapped are kept, so the first few of millions cost no more than themselves.
    """
    number, swapped = below(seed), dict[int, int]()
    for at in range(count):
        other = at + number(count - at)
        here, there = swapped.get(at, at), swapped.get(other, other)
        swapped[other] = here
        swapped.pop(at, None)
        yield there


def draw(lines: Sequence[bytes], seed: bytes, prizes: int, alternates: int) -> Outcome:
    """Draw from a frozen list, one ticket a person; fewer, if there are not so many people."""
    drawn: list[str] = []
    people: set[bytes] = set()
    wanted = prizes + alternates
    for index in order(len(lines), seed) if wanted else ():
        line = lines[index]
        if (who := person(line)) not in people:
            people.add(who)
            drawn.append(ticket(line))
            if len(drawn) == wanted:
                break
    return Outcome(tuple(drawn[:prizes]), tuple(drawn[prizes:]))
