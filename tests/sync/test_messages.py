"""What the centre states about a journal is signed, and for one kind of message only."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.keystore.sim import Driver as Keystore
from sync.facts import UnitState
from sync.messages import Head, Holdings, MessageError, TownTime, open_signed, sign

KEY = Keystore()
HOLDINGS = Holdings(
    "lib01", 1, UnitState.ACTIVE, (Head("ab" * 8, 7, "cd" * 32),), "gen", "fence", 1_795_392_000_000, "07"
)


def test_signed_and_opened() -> None:
    assert open_signed(sign(HOLDINGS, KEY), Holdings, KEY.public) == HOLDINGS


def test_another_key_is_refused() -> None:
    other = Keystore(Keystore.Options("other"))
    with pytest.raises(MessageError):
        open_signed(sign(HOLDINGS, other), Holdings, KEY.public)


def test_one_kind_does_not_pass_for_another() -> None:
    with pytest.raises(MessageError):
        open_signed(sign(TownTime(5, "07"), KEY), Holdings, KEY.public)


@given(st.integers(0), st.integers(1, 255))
def test_every_flipped_byte_is_noticed(at: int, flip: int) -> None:
    raw = bytearray(sign(HOLDINGS, KEY))
    raw[at % len(raw)] ^= flip
    try:
        opened = open_signed(bytes(raw), Holdings, KEY.public)
    except MessageError:
        return
    assert opened == HOLDINGS  # white space between the two parts is nobody's statement
    assert msgspec.json.decode(bytes(raw))
