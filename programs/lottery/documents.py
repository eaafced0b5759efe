"""What is published of a draw, to the byte: each document names the one before it by its hash. Arithmetic only."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from programs.lottery import beacon, lists
from programs.lottery.drawing import draw, seed_of
from programs.lottery.entries import Rules

RULES: Final = "machi.lottery.rules/1"
FROZEN: Final = "machi.lottery.frozen/1"
TRANSCRIPT: Final = "machi.lottery.transcript/1"
FIRST: Final = "0" * 64
"""What the transcript of the very first draw names as the one before it."""


class Frozen(msgspec.Struct, frozen=True):
    """That the list is closed: it names the list by its digest, and by the root from which the seed is made."""

    schema: str
    draw: str
    rules_sha256: str
    tickets: int
    people: int
    list_sha256: str
    root: str


class Winner(msgspec.Struct, frozen=True):
    """A prize and the ticket that won it; who that is, only the town knows."""

    place: int
    prize_ja: str
    prize_en: str
    ticket: str


class Transcript(msgspec.Struct, frozen=True):
    """How it was drawn: everything that a stranger needs to draw again and come to the same winners."""

    schema: str
    draw: str
    algorithm: str
    rules_sha256: str
    frozen_sha256: str
    list_sha256: str
    root: str
    chain: str
    round: int
    signature: str
    randomness: str
    seed: str
    winners: tuple[Winner, ...]
    alternates: tuple[str, ...]
    previous: str


def written(document: Any) -> bytes:
    """Return a document as it is published: one line of JSON."""
    return msgspec.json.encode(document) + b"\n"


def sha256(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()


def rules_document(rules: Rules) -> bytes:
    return written({"schema": RULES, "rules": rules})


def freeze(rules: Rules, of: Sequence[bytes]) -> Frozen:
    """Return what is published when the list is frozen."""
    return Frozen(
        schema=FROZEN,
        draw=rules.draw,
        rules_sha256=sha256(rules_document(rules)),
        tickets=len(of),
        people=lists.people(of),
        list_sha256=lists.digest(of),
        root=lists.root(of).hex(),
    )


def transcribe(rules: Rules, frozen: Frozen, of: Sequence[bytes], signature: str, previous: str) -> Transcript:
    """Draw, and return how; whether the signature is that of the round, `beacon.verify` has said."""
    randomness = beacon.randomness(signature)
    seed = seed_of(rules.draw, bytes.fromhex(frozen.root), randomness)
    outcome = draw(of, seed, rules.places, rules.alternates)
    prizes = (prize for prize in rules.prizes for _ in range(prize.count))
    return Transcript(
        schema=TRANSCRIPT,
        draw=rules.draw,
        algorithm=rules.algorithm,
        rules_sha256=frozen.rules_sha256,
        frozen_sha256=sha256(written(frozen)),
        list_sha256=frozen.list_sha256,
        root=frozen.root,
        chain=rules.chain,
        round=rules.round,
        signature=signature,
        randomness=randomness.hex(),
        seed=seed.hex(),
        winners=tuple(
            Winner(place, prize.ja, prize.en, ticket)
            for place, (ticket, prize) in enumerate(zip(outcome.winners, prizes, strict=False), 1)
        ),
        alternates=outcome.alternates,
        previous=previous,
    )
