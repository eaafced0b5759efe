"""Real outputs of drand's quicknet are believed, and nothing else is."""

import msgspec
import pytest

from programs.lottery import beacon
from programs.lottery.beacon import RoundError
from tests.programs.lottery.spring import SIGNATURES

RANDOMNESS = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"  # of round 1000, as drand publishes it
INFINITY = "c0" + "00" * 47
NOT_IN_THE_GROUP = "8" + "0" * 94 + "4"  # on the curve, and in none of its groups that count


@pytest.mark.parametrize("number", SIGNATURES)
def test_real_rounds(number: int) -> None:
    beacon.verify(number, SIGNATURES[number])
    assert number != 1000 or beacon.randomness(SIGNATURES[number]).hex() == RANDOMNESS


@pytest.mark.parametrize(
    ("number", "signature"),
    [
        (1001, SIGNATURES[1000]),
        (1000, SIGNATURES[1001]),
        (1000, SIGNATURES[1000][:-1] + "8"),
        (1000, INFINITY),
        (1000, NOT_IN_THE_GROUP),
        (1000, "00" * 48),
        (1000, "ff" * 48),
        (1000, SIGNATURES[1000][:-2]),
        (1000, "no"),
    ],
)
def test_anything_else_is_refused(number: int, signature: str) -> None:
    with pytest.raises(RoundError, match="署名"):
        beacon.verify(number, signature)


def test_the_round_of_a_moment() -> None:
    assert beacon.round_at(1_775_012_400) == 27_403_012  # 2026-04-01 12:00 in Japan
    assert beacon.time_of(1) == beacon.GENESIS_S
    assert beacon.round_at(beacon.time_of(1000)) == 1000 == beacon.round_at(beacon.time_of(1001) - 1)


def test_a_round_is_found_in_each_form_of_file() -> None:
    rounds = [{"round": number, "randomness": "", "signature": one} for number, one in SIGNATURES.items()]
    lines = b"\n".join(map(msgspec.json.encode, rounds))
    for document in (msgspec.json.encode(rounds), lines, lines.replace(b"\n", b"\r\n") + b"\n"):
        assert beacon.find(document, 1000).signature == SIGNATURES[1000]
    pretty = msgspec.json.format(msgspec.json.encode(rounds[1]))
    assert beacon.find(pretty, 1000).signature == SIGNATURES[1000]
    for document, word in ((lines, "7"), (b"not json", "JSON"), (b"", "7"), (b'{"round":7}', "signature")):
        with pytest.raises(RoundError, match=word):
            beacon.find(document, 7)


def test_a_signature_may_be_pasted_or_typed_with_gaps_capitals_and_wide_letters() -> None:
    mine = SIGNATURES[1000]
    wide = mine.translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789abcdef"})
    spaced = "\n".join(mine[at : at + 8] for at in range(0, 96, 8))
    for given in (mine, mine.upper() + "\n", wide, spaced, f'{{"round":1000,"signature":"{mine}"}}'):
        assert beacon.signature_in(given, 1000) == mine
    for given, word in ((mine[:-1], "95文字"), (mine[:-1] + "l", "「l」"), ("", "0文字"), ("[]", "1000")):
        with pytest.raises(RoundError, match=word):
            beacon.signature_in(given, 1000)
