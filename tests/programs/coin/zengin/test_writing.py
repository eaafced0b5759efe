"""The file is, byte for byte, what the published tables say."""

import hashlib

import pytest

from programs.coin.zengin import layout
from programs.coin.zengin.layout import Layout
from programs.coin.zengin.writing import fingerprint, write
from tests.programs.coin.zengin.golden import BATCH, FILE, FILE_IN_LINES, RECORDS


def test_the_hand_written_records_have_the_published_length() -> None:
    assert [len(record) for record in RECORDS] == [120] * 5


def test_a_file_is_what_was_written_out_by_hand() -> None:
    assert write(BATCH, line_ends=False) == FILE
    assert write(BATCH, line_ends=True) == FILE_IN_LINES
    assert write(BATCH) == FILE_IN_LINES


@pytest.mark.parametrize(
    "kind", [layout.HEADER, layout.WITH_CODES, layout.WITH_EDI, layout.TRAILER, layout.END], ids=lambda kind: kind.name
)
def test_every_kind_of_record_has_120_bytes(kind: Layout) -> None:
    assert sum(field.width for field in kind.fields) == layout.RECORD_BYTES == 120


def test_a_file_is_known_by_its_fingerprint() -> None:
    assert fingerprint(FILE) == hashlib.sha256(FILE).hexdigest()
    assert fingerprint(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fingerprint(FILE) != fingerprint(FILE_IN_LINES)
