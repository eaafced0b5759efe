"""Dice from a seed: the same seed throws the same bytes, on every machine."""

import hashlib

import msgspec


class Driver:
    """Capabilities: repeatable bytes; guessable by anybody who knows the seed, so never for a real key."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        seed: str = "machitap"

    def __init__(self, options: Options | None = None) -> None:
        self._seed = (options or self.Options()).seed.encode()
        self._thrown = 0

    def bytes(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            out += hashlib.sha256(self._seed + b"\0" + self._thrown.to_bytes(8, "big")).digest()
            self._thrown += 1
        return out[:count]
