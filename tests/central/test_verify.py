"""The key of a writer is looked up once, and again when none that is remembered fits."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from central.centre import Centre
from central.refusal import RefusedError
from drivers.keystore.sim import Driver as Keystore
from sync.messages import Why
from tests.central.beside import asks, over, packed
from tests.central.pen import Pen, touch


@contextmanager
def asked_of(centre: Centre) -> Iterator[list[str]]:
    """Collect what the database is asked."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    sa.event.listen(centre.engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(centre.engine, "before_cursor_execute", note)


def test_the_second_delivery_of_a_unit_asks_nothing(pen: Pen) -> None:
    first, second = packed(pen.begin(touch(1))), packed(pen.write(touch(2)))
    with asked_of(pen.centre) as said:
        pen.centre.intake.verify(first)
        assert any("unit_key" in statement for statement in said)
        said.clear()
        assert pen.centre.intake.verify(second).epoch == 1
        assert said == []


def test_the_key_of_a_life_that_another_process_began_is_found(pen: Pen) -> None:
    intake = pen.centre.intake
    old = packed(pen.begin(touch(1)))
    intake.verify(old)
    office = over(pen.centre.engine, pen.centre)
    heir = Pen(office, pen.unit, Keystore(Keystore.Options("heir")))
    office.enroller.enrol(asks(heir, office.enroller.invite(pen.unit, "library", "facility", "https://localhost")))
    assert intake.verify(packed(heir.begin(touch(2)))).epoch == 2
    assert intake.verify(old).epoch == 1, "good in its time; whether it is still taken is asked when it is stored"


def test_a_unit_that_nobody_knew_is_known_as_soon_as_it_is_enrolled(pen: Pen) -> None:
    early = Pen(pen.centre, "lib02", Keystore(Keystore.Options("lib02")))
    segment = packed(early.begin(touch()))
    with pytest.raises(RefusedError) as error:
        pen.centre.intake.verify(segment)
    assert error.value.problem.type == Why.NOT_YOURS
    early.enrol()
    assert pen.centre.intake.verify(segment).epoch == 1


def test_a_forged_seal_is_refused_whether_the_key_is_remembered_or_not(pen: Pen) -> None:
    forger = Pen(pen.centre, pen.unit, Keystore(Keystore.Options("forger")))
    forged = packed(forger.begin(touch()))
    for _ in range(2):
        with pytest.raises(RefusedError) as error:
            pen.centre.intake.verify(forged)
        assert error.value.problem.type == Why.BAD_SEAL
        pen.centre.intake.verify(packed(pen.begin(touch())))
