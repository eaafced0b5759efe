"""A start and its end, on an emulated Raspberry Pi."""

from pathlib import Path

import pytest

from tests.image.emulated import written
from tests.image.raspberry import Board

pytestmark = pytest.mark.image


def test_a_board_starts_anew_by_itself_if_its_root_cannot_be_used(image: Path, tmp_path: Path) -> None:
    """On a trial this is the way back, and a Raspberry Pi knows no other than its watchdog."""
    card = written(image, tmp_path)
    with card.path.open("r+b") as file:
        file.seek(card.partitions()["system_a"].start)
        file.write(bytes(1 << 20))
    board = Board(card, tmp_path / "board")
    board.ends()
    assert "Restarting system" in board.said()
