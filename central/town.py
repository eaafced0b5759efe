"""What the centre is made of: the town's signing key, the facts it can read, its clock, its dice, its eye for seals."""

from dataclasses import dataclass
from typing import Protocol

from sync import chain
from sync.entries import Register


class Clock(Protocol):
    def wall_ms(self) -> int: ...

    def confidence(self) -> str: ...


class Entropy(Protocol):
    def bytes(self, count: int) -> bytes: ...


@dataclass(frozen=True)
class Town:
    signer: chain.Signer
    register: Register
    clock: Clock
    entropy: Entropy
    check: chain.Check = chain.check_signature
