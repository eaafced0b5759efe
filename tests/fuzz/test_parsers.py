"""A bounded part of the fuzzing, in every run of the tests; `python -m tests.fuzz` goes on for as long as one likes.

Hypothesis fails an example that takes more than two seconds; every error that is not the parser's own fails by itself.
"""

from datetime import timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drivers.card.sim.pki import TestPki
from tests.fuzz.targets import Target, targets

NAMES = (
    "answers by hand",
    "apdu commands",
    "apdu responses",
    "apdu responses, with a pin",
    "ber-tlv",
    "cards in the air",
    "cv certificates",
    "entries",
    "files of unit keys",
    "messages",
    "nmea",
    "packed segments",
    "pass credentials",
    "payment codes",
    "printed and phone codes",
    "reader properties",
    "requests by hand",
    "revocation lists",
    "scanned codes",
    "segments",
    "usb sticks",
    "what is sealed in requests",
    "x.509 certificates",
)
HANG = timedelta(seconds=2)


@cache
def all_targets(pki: TestPki) -> dict[str, Target]:
    return targets(pki.folder)


@pytest.fixture
def target(request: pytest.FixtureRequest, pki: TestPki) -> Target:
    return all_targets(pki)[request.param]


@st.composite
def spoilt(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw a good input with a few pieces cut out, doubled, or made into something else."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 6))
        what = draw(st.sampled_from(["cut", "noise", "double", "end"]))
        if what == "cut":
            del data[at : at + length]
        elif what == "noise":
            data[at : at + length] = draw(st.binary(max_size=6))
        elif what == "double":
            data[at:at] = data[at : at + length] * draw(st.integers(1, 40))
        else:
            del data[at:]
    return bytes(data)


def test_every_target_is_here(pki: TestPki) -> None:
    assert tuple(sorted(all_targets(pki))) == NAMES


@pytest.mark.parametrize("target", NAMES, indirect=True)
def test_good_inputs_pass(target: Target) -> None:
    for seed in target.seeds:
        target.run(seed)


@pytest.mark.parametrize("target", NAMES, indirect=True)
@given(data=st.data())
@settings(max_examples=100, deadline=HANG, suppress_health_check=list(HealthCheck))
@pytest.mark.threat("malformed card")
def test_spoilt_inputs_raise_nothing_but_what_is_promised(target: Target, data: st.DataObject) -> None:
    target.run(data.draw(spoilt(target.seeds)))


@pytest.mark.parametrize("target", NAMES, indirect=True)
@given(noise=st.binary(max_size=300))
@example(noise=b"")
@example(noise=bytes(4096))
@example(noise=b"\xff" * 4096)
@example(noise=b"[" * 100_000)
@example(noise=b"\x30\x80" * 2_000)
@example(noise=b"\x7f\x21\x84\xff\xff\xff\xff")
@settings(max_examples=100, deadline=HANG, suppress_health_check=list(HealthCheck))
@pytest.mark.threat("malformed card")
def test_noise_raises_nothing_but_what_is_promised(target: Target, noise: bytes) -> None:
    target.run(noise)
