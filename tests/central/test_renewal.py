"""A certificate that ran out is replaced for a while, by the life that it was for, and a copy of an older one never."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from central.authority import DEVICE_DAYS, Authority, moment
from central.centre import Centre
from central.enrol import RENEW_DAYS
from central.refusal import RefusedError
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from simulation.centre import open_sim_centre
from sync.messages import RenewRequest, Report, Why, renew_proof, text
from tests.central.beside import asks
from tests.central.pen import Pen
from tests.central.serving import request

DAY_S = 86_400
ROW = pytest.mark.threat("replayed certificate")


class Unit:
    """A unit with a key for its journal and one for its calls, and the last certificate that it has."""

    def __init__(self, centre: Centre, name: str = "lib01", seed: str = "a box") -> None:
        self.pen, self.key = (
            Pen(centre, name, Keystore(Keystore.Options(seed))),
            ec.generate_private_key(ec.SECP256R1()),
        )
        ticket = centre.enroller.invite(name, "library", "facility", "https://localhost")
        enrolment = centre.enroller.enrol(asks(self.pen, ticket, request(self.key)))
        self.pen.epoch, self.certificate = enrolment.epoch, enrolment.certificate

    def asks(self, certificate: str = "") -> RenewRequest:
        csr, last = request(self.key), certificate or self.certificate
        return RenewRequest(self.pen.unit, csr, last, text(self.pen.keystore.sign(renew_proof(csr, last))))

    def renew(self) -> None:
        self.certificate = self.pen.centre.enroller.renew(self.asks()).certificate

    def call(self) -> None:
        """Call the centre, as it does with a certificate that is good."""
        self.pen.centre.intake.holdings(self.pen.peer, Report(), "07")


@pytest.fixture
def unit(centre: Centre) -> Unit:
    return Unit(centre)


def refused(centre: Centre, asked: RenewRequest) -> str:
    with pytest.raises(RefusedError) as error:
        centre.enroller.renew(asked)
    assert error.value.problem.type in {Why.NOT_ENROLLED, Why.BAD_SEAL}
    return error.value.problem.detail


def test_it_is_renewed_for_a_year_after_it_ran_out(centre: Centre, unit: Unit, clock: Clock) -> None:
    for days in (DEVICE_DAYS - 1, DEVICE_DAYS + 1, DEVICE_DAYS + RENEW_DAYS - 1):
        clock.advance(days * DAY_S)
        unit.renew()
        unit.call()
    clock.advance((DEVICE_DAYS + RENEW_DAYS + 1) * DAY_S)
    said = refused(centre, unit.asks())
    assert "more than 366 days ago" in said
    assert "renew_days" in said


def test_the_office_says_for_how_long() -> None:
    clock = Clock()
    centre = open_sim_centre(clock, "tests")
    unit = Unit(centre)
    centre.enroller._renew_days = 0
    clock.advance((DEVICE_DAYS + 1) * DAY_S)
    assert "more than 0 days ago" in refused(centre, unit.asks())


def test_an_answer_that_was_lost_is_asked_for_again(centre: Centre, unit: Unit, clock: Clock) -> None:
    clock.advance((DEVICE_DAYS + 100) * DAY_S)
    for _ in range(3):
        centre.enroller.renew(unit.asks())
    unit.renew()
    unit.call()


@ROW
def test_a_copy_of_an_older_certificate_is_worth_nothing(centre: Centre, unit: Unit, clock: Clock) -> None:
    """What was once asked is played again by somebody who has the key for calling, but not the journal's."""
    recorded = unit.asks()
    clock.advance((DEVICE_DAYS - 5) * DAY_S)
    unit.renew()
    clock.advance(6 * DAY_S)
    unit.call()
    assert "has had a newer certificate" in refused(centre, recorded)
    unit.renew()


@ROW
def test_a_certificate_of_another_life_is_worth_nothing(centre: Centre, unit: Unit) -> None:
    old = unit.certificate
    heir = Unit(centre, seed="another box")
    assert heir.pen.epoch == 2
    refused(centre, unit.asks())
    assert "not enrolled in life 1" in refused(centre, heir.asks(old)), "not even with the key of the new one"
    heir.renew()


@ROW
def test_a_certificate_of_another_unit_or_town_is_worth_nothing(centre: Centre, unit: Unit, clock: Clock) -> None:
    other = Unit(centre, "bus01", "the bus")
    assert "lib01 is not enrolled in life" in refused(centre, unit.asks(other.certificate))
    now = moment(clock.wall_ms())
    stranger = Authority(*Authority.create("todai", now))
    forged = stranger.device(request(unit.key), "todai", "lib01", 1, now)
    assert "not a certificate of this town" in refused(centre, unit.asks(forged))
    _, serving = centre.authority.server(("lib01",), now)
    assert "not the certificate of a unit" in refused(centre, unit.asks(serving.decode()))
    unit.renew()


@ROW
def test_nobody_puts_another_certificate_into_what_was_signed(centre: Centre, unit: Unit, clock: Clock) -> None:
    recorded = unit.asks()
    clock.advance((DEVICE_DAYS - 5) * DAY_S)
    unit.renew()
    mended = msgspec.structs.replace(recorded, certificate=unit.certificate)
    assert refused(centre, mended) == "the unit does not hold the key that it names"


@pytest.mark.threat("stolen unit")
def test_a_closed_unit_gets_none(centre: Centre, unit: Unit, clock: Clock) -> None:
    centre.enroller.close("lib01", "stolen")
    for days in (0, DEVICE_DAYS + 1):
        clock.advance(days * DAY_S)
        assert "is not enrolled" in refused(centre, unit.asks())


SHARED = Unit(open_sim_centre(Clock(), "tests"))


@given(st.text(max_size=400) | st.just("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
def test_whatever_is_said_to_be_a_certificate(noise: str) -> None:
    refused(SHARED.pen.centre, SHARED.asks(noise or "x"))


@given(st.integers(0, 2_000), st.integers(1, 255))
def test_every_byte_of_a_certificate_counts(at: int, flip: int) -> None:
    lines = SHARED.certificate.splitlines()
    body = bytearray("".join(lines[1:-1]).encode())
    body[at % len(body)] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[flip % 64]
    changed = "\n".join((lines[0], body.decode(), lines[-1], ""))
    if "".join(changed.split()) != "".join(SHARED.certificate.split()):
        refused(SHARED.pen.centre, SHARED.asks(changed))
