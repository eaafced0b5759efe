"""Opens the twins of units' journals, and says up to where they are whole.

Only here can they be read. What is in them goes in through the intake's own door, under the same ids as ever; nothing
of a twin is booked that the unit has not signed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.intake import Intake
from central.refusal import RefusedError
from central.verify import Signed
from sync import chain
from sync.facts import Gap
from sync.segment import pack, to_text
from sync.twin import Record, TwinError, open_record


@dataclass
class Chain:
    """How far the chain goes through a twin without a break, from the beginning of a life on.

    Attributes:
        upto: for each boot, up to which entry.
    """

    upto: dict[str, int] = field(default_factory=dict)
    _hashes: set[bytes] = field(default_factory=lambda: {chain.ORIGIN})
    _reach: dict[str, int] = field(default_factory=dict)

    def goes_on(self, signed: Signed) -> bool:
        """Hang a segment onto what is there; return whether it could be."""
        segment = signed.segment
        self._reach[segment.boot] = max(segment.last, self._reach.get(segment.boot, 0))
        if segment.prev not in self._hashes:
            return False
        self._hashes.update(signed.hashes)
        gaps = (entry.fact for entry in signed.entries if isinstance(entry.fact, Gap))
        self._hashes.update(bytes.fromhex(gap.prev) for gap in gaps if gap.prev)
        self.upto[segment.boot] = max(segment.last, self.upto.get(segment.boot, 0))
        return True

    @property
    def is_whole(self) -> bool:
        """Whether nothing stands behind a break."""
        return self._reach == self.upto


@dataclass
class Found:
    """What a twin turned out to be.

    Attributes:
        broken: spots of the file that are not as they were written; what stood there may stand once more behind.
        refused: why something in it was not taken.
        new, known: how many segments the centre had not, and had.
    """

    chain: Chain = field(default_factory=Chain)
    broken: int = 0
    refused: list[str] = field(default_factory=list)
    new: int = 0
    known: int = 0


def take_in(
    records: Iterable[Record | None], key: X25519PrivateKey, intake: Intake, *, found: bool = False, store: bool = True
) -> Found:
    """Open a twin, check all of it, and bring it in.

    Args:
        found: it may be of a life that the office has given up.
        store: bring it in; otherwise it is only looked at.
    """
    result = Found()
    late: list[Signed] = []  # what stands behind a broken spot: what stood there may follow
    for record in records:
        if record is None:
            result.broken += 1
            continue
        try:
            signed = intake.verify(pack(to_text(open_record(record, key))))
        except (TwinError, RefusedError) as error:
            result.refused.append(f"{record.head.boot}/{record.head.last}: {error}")
            continue
        if not result.chain.goes_on(signed):
            late.append(signed)
        elif store:
            _bring_in(signed, intake, result, found=found)
    for signed in late:
        result.chain.goes_on(signed)
        if store:
            _bring_in(signed, intake, result, found=found)
    return result


def _bring_in(signed: Signed, intake: Intake, result: Found, *, found: bool) -> None:
    try:
        grew = intake.carry_in(signed.packed, found=found)
    except RefusedError as error:
        result.refused.append(f"{signed.segment.boot}/{signed.segment.last}: {error}")
        return
    result.new, result.known = result.new + grew, result.known + (not grew)
