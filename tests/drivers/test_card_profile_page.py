"""What docs/card-profile.md shows is what the code does: the example is believed, and its parts are where it says."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.card import paper, service_pass
from drivers.card.proofs import message, p256_holds
from tests.drivers.test_card_fast import PROFILES, SLOW_AT_FIRST

PAGE = (Path(__file__).parents[2] / "docs" / "card-profile.md").read_text()
EXAMPLE = PAGE[PAGE.index("## 4. An example") : PAGE.index("## 5. ")]
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def answers() -> list[bytes]:
    """What the card of the example said, without its status words."""
    talk = EXAMPLE.split("```")[1]
    lines = re.findall(r"^< ((?:.|\n  )*)", talk, re.MULTILINE)
    return [bytes.fromhex("".join(line.split()))[:-2] for line in lines]


def test_the_example_is_believed(answers: list[bytes]) -> None:
    issuer = re.search(r"`([0-9a-f]{64})`", EXAMPLE)
    assert issuer
    issuers = {"TEST-town.1": Ed25519PublicKey.from_public_bytes(bytes.fromhex(issuer[1]))}
    credential = service_pass.check(answers[1], issuers, NOW)
    assert (credential.begins, credential.ends) == (date(2024, 4, 1), date(2094, 4, 1))
    assert isinstance(credential.key, EllipticCurvePublicKey)
    assert p256_holds(credential.key, answers[2], message(service_pass.PROOF_PURPOSE, bytes(range(32))))


def test_the_parts_of_the_example_are_where_it_says(answers: list[bytes]) -> None:
    whole = answers[1][: paper.length(answers[1])]
    assert f"The credential of {len(whole)} bytes" in EXAMPLE
    rest = whole.hex().upper()
    for line in EXAMPLE.split("```")[3].strip().splitlines():
        shown = re.match(r"[0-9A-F …]+(?=  )", line)
        assert shown
        begin, _, end = shown[0].replace(" ", "").partition("…")
        assert rest.startswith(begin)
        rest = rest[rest.index(end, len(begin)) + len(end) :] if end else rest[len(begin) :]
    assert rest == ""


def test_the_costs_are_those_that_are_measured() -> None:
    table = PAGE[PAGE.index("### 3.3 The fast path") : PAGE.index("**Why a PIN")]
    rows = [tuple(cell.strip() for cell in line.split("|")[2:4]) for line in table.splitlines() if line.startswith("|")]
    for _, first, later in (PROFILES | SLOW_AT_FIRST).values():
        for apdus, count in (first, later):
            assert any(row[0] == str(apdus) and str(count) in row[1].split(", ") for row in rows), (apdus, count)
