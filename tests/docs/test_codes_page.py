"""docs/codes.md says what the code does: its examples are read by it, and what it names is there."""

import re
from pathlib import Path

from click.testing import CliRunner

from central.cli import central
from programs.coin.codes import cpm, mpm, receipt
from tests.programs.coin.codes import test_cpm, test_mpm, test_receipt

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "codes.md").read_text()
EXAMPLES = re.findall(r"```\n(.*?)\n```", PAGE, re.DOTALL)


def test_the_examples_are_those_of_the_code() -> None:
    receipts, phones, shops = EXAMPLES
    assert receipt.read(receipts) == test_receipt.RECEIPT
    assert cpm.read(phones) == test_cpm.shown()
    assert mpm.read(shops, "jp.example.todai") == test_mpm.STICKER


def test_its_commands_exist() -> None:
    typed = set(re.findall(r"`machi central (coin [a-z ]+[a-z])", PAGE))
    assert typed >= {"coin receipt check", "coin receipt prove", "coin receipt keys", "coin code", "coin terms"}
    for words in typed:
        assert CliRunner().invoke(central, [*words.split(), "--help"]).exit_code == 0, words


def test_what_it_links_to_and_the_test_it_names_are_there() -> None:
    for name in re.findall(r"\]\(([a-z0-9/-]+\.md)\)", PAGE):
        assert (ROOT / "docs" / name).exists(), name
    (test,) = set(re.findall(r"`(test_[a-z_]+)`", PAGE))
    assert f"def {test}(" in (ROOT / "tests/programs/coin/test_phones.py").read_text()
