"""A card with a counter of its own behind a real pcscd: enrolled by the command, and raised by a unit's driver."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.card import CounterKey, TurnedBackError, identify, trust_folder
from drivers.card.sim.pcscd import PrivatePcscd
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from tests.pcsc.bench import Ear

pytestmark = pytest.mark.pcsc

READER = "reader0 00 00"
NONCE = bytes(range(32))


def enrol(folder: Path) -> tuple[int, dict[str, object]]:
    words = ["read", "--reader", READER, "--timeout", "5", "--trust", str(folder), "--enrol-counter", "--json"]
    command = [sys.executable, "-m", "machi", "card", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_desk_learns_it_and_a_unit_has_it_count(pcscd: PrivatePcscd, pki: TestPki, tmp_path: Path) -> None:
    trust_folder.save(pki.trust(("u2f",)), tmp_path)
    plan = Plan(kind=Kind.COUNTER, counter=10, pki=str(pki.folder))
    pcscd.table.present("reader0", plan)
    code, said = enrol(tmp_path)
    assert (code, said["profile"], said["proof"], said["counter"]) == (0, "u2f", "card", 11)
    learned = said["counter_card"]
    assert isinstance(learned, dict)
    key = CounterKey(base64.b64decode(learned["public_key"]), base64.b64decode(learned["handle"]))
    trust = replace(pki.trust(("pass", "u2f")), counter_key={learned["index"]: key}.get)
    ear = Ear(name="reader0")
    try:
        field = ear.card()
        presented = identify(field, NONCE, trust, None, steps=lambda _identifier, _value: 3)
        assert (presented.identifier, [step.value for step in presented.steps]) == (
            learned["identifier"],
            [12, 13, 14],
        )
        with pytest.raises(TurnedBackError):
            identify(field, NONCE, replace(trust, last_counter=lambda _: 20), None)
    finally:
        ear.driver.stop()


def test_a_card_of_another_maker_is_not_taken(pcscd: PrivatePcscd, pki: TestPki, tmp_path: Path) -> None:
    trust_folder.save(pki.trust(("u2f",)), tmp_path)
    plan = Plan(kind=Kind.COUNTER, faults=frozenset({Fault.UNKNOWN_CA}), pki=str(pki.folder))
    pcscd.table.present("reader0", plan)
    code, said = enrol(tmp_path)
    assert (code, said["reason"], said["counter_card"]) == (2, "unknown_issuer", None)
