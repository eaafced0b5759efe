"""The street on which everything about the coin happens."""

from collections.abc import Iterator

import pytest

from tests.programs.coin.street import Street


@pytest.fixture
def street() -> Iterator[Street]:
    street = Street()
    yield street
    for unit in street.units.values():
        unit.stop()
