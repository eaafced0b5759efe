"""What a printer answers: one byte each, told apart by bits that are always the same.

Source: Epson's ESC/POS command reference, DLE EOT (real-time status, answered at once, even when printing stands still)
and GS r (status in its turn, answered when everything sent before has been worked through).
"""

from collections.abc import Mapping
from typing import Final

from drivers.printer import Look, Trouble

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER = 1, 2, 3, 4  # the n of DLE EOT n
_IS_OFFLINE: Final = 0x08  # of PRINTER
_COVER, _STOPPED_BY_PAPER, _ERROR = 0x04, 0x20, 0x40  # of OFFLINE_CAUSE
_CUTTER: Final = 0x08  # of ERROR_CAUSE
_NEAR_END, _END = 0x0C, 0x60  # of PAPER


def is_real_time(byte: int) -> bool:
    """Bits 0 and 7 are clear, 1 and 4 are set."""
    return byte & 0x93 == 0x12  # noqa: PLR2004 - the bits above


def is_in_turn(byte: int) -> bool:
    """Bits 4 and 7 are clear."""
    return byte & 0x90 == 0


def read(answers: Mapping[int, int]) -> Look:
    """Put the answers to DLE EOT 1 to 4 together; one that is missing says nothing."""
    if not answers:
        return Look(Trouble.SILENT)
    printer, cause, error, paper = (answers.get(n, 0) for n in (PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER))
    low = bool(paper & _NEAR_END)
    if cause & _COVER:
        return Look(Trouble.COVER, low)
    if paper & _END or cause & _STOPPED_BY_PAPER:
        return Look(Trouble.PAPER, low)
    if error & _CUTTER:
        return Look(Trouble.CUTTER, low)
    if cause & _ERROR or printer & _IS_OFFLINE:
        return Look(Trouble.ERROR, low)
    return Look(None, low)
