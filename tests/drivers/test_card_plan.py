"""Card files: half a page of TOML or JSON makes a card."""

from datetime import date
from pathlib import Path

import pytest

from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import from_file, make
from drivers.card.sim.layout import Quirk
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan, PlanError, Timing, Trouble, load, to_toml


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml, json = tmp_path / "card.toml", tmp_path / "card.json"
    toml.write_text('birth = 1990-01-02\nfaults = ["expired", "no_pass"]\nquirks = ["stumbles"]\n')
    json.write_text('{"birth": "1990-01-02", "faults": ["expired", "no_pass"], "quirks": ["stumbles"]}')
    assert load(toml) == load(json)
    assert load(toml).faults == {Fault.EXPIRED, Fault.NO_PASS}
    assert load(toml).quirks == {Quirk.STUMBLES}
    assert load(toml).birth == date(1990, 1, 2)


def test_an_empty_file_is_a_card(tmp_path: Path, pki: TestPki) -> None:
    file = tmp_path / "card.toml"
    file.write_text(f'pki = "{pki.folder}"\n')
    assert load(file) == Plan(pki=str(pki.folder))
    card = from_file(file)
    assert isinstance(card, IsoCard)
    assert {"jpki", "face", "pass"} <= card.applications.keys()


def test_a_pki_beside_the_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "cards" / "card.toml"
    file.parent.mkdir()
    file.write_text('pki = "../pki"\n')
    from_file(file)
    assert (tmp_path / "pki" / "keys" / "own-pass-issuer.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        'serial = "1"',
        'pin = "12345"',
        'pin = "１２３４"',
        'sign_password = "lower"',
        'municipality = "13"',
        'atr = "3B8"',
        'kind = "library card"',
        'faults = ["rained_on"]',
        "issued = 2030-01-01\nexpires = 2029-01-01",
        'number = "999999999990"',  # nobody's number is in a card file
        'sex = "female"',
        "generation = 4",
        "[timing]\nkbit = 848",
        'missing = ["jpki"]',
        "[trouble]\ntorn = 2",
        "birth = yesterday",
        "\x00",
    ],
)
def test_what_no_card_can_have_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "card.toml"
    file.write_text(content)
    with pytest.raises(PlanError) as error:
        load(file)
    assert str(file) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"nobody\.toml"):
        load(tmp_path / "nobody.toml")


def test_a_file_that_is_written_is_read_back(tmp_path: Path) -> None:
    plan = Plan(
        kind=Kind.MY_NUMBER,
        name='架空　"花子"',
        birth=date(1990, 1, 2),
        faults=frozenset({Fault.EXPIRED, Fault.NO_PASS}),
        quirks=frozenset({Quirk.STUMBLES}),
        missing=frozenset({"jpki/000A"}),
        trouble=Trouble(torn_after_apdus=3, slow_ms=20),
        timing=Timing(kbit=424),
        pass_mutual=True,
        generation=2,
    )
    (tmp_path / "card.toml").write_text(to_toml(plan))
    assert load(tmp_path / "card.toml") == plan
    (tmp_path / "usual.toml").write_text(to_toml(Plan()))
    assert load(tmp_path / "usual.toml") == Plan()
    assert "[trouble]" not in to_toml(Plan())


def test_every_kind_can_be_made(pki: TestPki) -> None:
    for kind in Kind:
        card = make(Plan(kind=kind), pki)
        assert card.power_on()[0] == 0x3B
        assert len(card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))) >= 2
