"""A ticket lets one unit in, once, within a week; whoever asks with anything else does not use it up."""

import base64
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from central import store
from central.authority import CSR_MAX_BYTES, Authority, CertificateError, moment
from central.centre import Centre
from central.enrol import CODE_DAYS, Ticket
from central.refusal import RefusedError
from drivers.clock.sim import Driver as Clock
from drivers.keystore.sim import Driver as Keystore
from sync.facts import UnitState
from sync.messages import EnrolRequest, Why, text
from tests.central.beside import asks, beside
from tests.central.pen import Pen, any_csr, touch

DAY_S = 86_400


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def ticket(centre: Centre) -> Ticket:
    return invited(centre)


@pytest.fixture
def stranger(centre: Centre) -> Pen:
    return Pen(centre, "lib01", Keystore(Keystore.Options("lib01")))


def invited(centre: Centre, unit: str = "lib01") -> Ticket:
    return centre.enroller.invite(unit, "library", "facility", "https://localhost")


def refused(centre: Centre, request: EnrolRequest) -> str:
    """Ask for something that must be refused, make sure that nothing came of it, and return the reason."""
    before = lives(centre)
    with pytest.raises(RefusedError) as error:
        centre.enroller.enrol(request)
    assert lives(centre) == before
    return error.value.problem.type


def lives(centre: Centre) -> list[tuple[str, int]]:
    with store.reading(centre.engine) as connection:
        asked = sa.select(store.unit_key.c.unit, store.unit_key.c.epoch).order_by(*store.unit_key.primary_key)
        return [(unit, epoch) for unit, epoch in connection.execute(asked)]


def test_a_ticket_lets_a_unit_in_once(centre: Centre, stranger: Pen, ticket: Ticket) -> None:
    enrolment = centre.enroller.enrol(asks(stranger, ticket))
    assert (enrolment.unit, enrolment.epoch) == ("lib01", 1)
    thief = Pen(centre, "lib01", Keystore(Keystore.Options("thief")))
    assert refused(centre, asks(thief, ticket)) == Why.BAD_CODE
    stranger.send(stranger.begin(touch()))


def test_a_unit_that_did_not_hear_the_answer_asks_again_and_it_is_the_same_life(
    centre: Centre, stranger: Pen, ticket: Ticket, clock: Clock
) -> None:
    first = centre.enroller.enrol(asks(stranger, ticket))
    said = [segment.count("\n") for segment in first.segments]
    again = centre.enroller.enrol(asks(stranger, ticket))
    assert (again.epoch, [segment.count("\n") for segment in again.segments]) == (1, said), "nothing was said twice"
    assert lives(centre) == [("lib01", 1)]
    clock.advance(CODE_DAYS * DAY_S + 1)
    assert refused(centre, asks(stranger, ticket)) == Why.BAD_CODE, "it is good for a week, all the same"


@pytest.mark.parametrize("state", [UnitState.SUSPENDED, UnitState.CLOSED])
def test_a_life_that_is_over_is_not_given_again(
    centre: Centre, stranger: Pen, ticket: Ticket, state: UnitState
) -> None:
    centre.enroller.enrol(asks(stranger, ticket))
    with centre.engine.begin() as connection:
        connection.execute(sa.update(store.unit).values(state=state))
    assert refused(centre, asks(stranger, ticket)) == Why.BAD_CODE


@pytest.mark.threat("malicious technician")
def test_a_ticket_is_good_for_a_week(centre: Centre, stranger: Pen, ticket: Ticket, clock: Clock) -> None:
    clock.advance(CODE_DAYS * DAY_S + 1)
    assert refused(centre, asks(stranger, ticket)) == Why.BAD_CODE
    fresh = invited(centre)
    clock.advance(CODE_DAYS * DAY_S - 1)
    assert centre.enroller.enrol(asks(stranger, fresh)).epoch == 1


@pytest.mark.threat("malicious technician")
def test_a_ticket_is_for_the_unit_that_it_names(centre: Centre, stranger: Pen, ticket: Ticket) -> None:
    invited(centre, "bus01")
    other = Pen(centre, "bus01", Keystore(Keystore.Options("bus01")))
    assert refused(centre, asks(other, ticket)) == Why.BAD_CODE
    assert centre.enroller.enrol(asks(stranger, ticket)).unit == "lib01"


@pytest.mark.threat("malicious technician")
def test_of_two_tickets_for_one_life_the_second_is_void(centre: Centre, stranger: Pen, ticket: Ticket) -> None:
    again = invited(centre)
    centre.enroller.enrol(asks(stranger, again))
    thief = Pen(centre, "lib01", Keystore(Keystore.Options("thief")))
    assert refused(centre, asks(thief, ticket)) == Why.BAD_CODE


def test_a_ticket_that_was_lost_with_its_unit_is_void(centre: Centre, stranger: Pen, ticket: Ticket) -> None:
    centre.enroller.close("lib01", "stolen, with its ticket")
    assert refused(centre, asks(stranger, ticket)) == Why.BAD_CODE
    assert centre.enroller.enrol(asks(stranger, invited(centre))).unit == "lib01"


def test_who_does_not_hold_the_key_is_refused_and_the_ticket_stays_good(
    centre: Centre, stranger: Pen, ticket: Ticket
) -> None:
    good = asks(stranger, ticket)
    other = text(Keystore(Keystore.Options("other")).public)
    wrong = {"proof": text(bytes(64)), "key": other, "csr": any_csr(), "code": ticket.code[::-1]}
    for name, value in wrong.items():
        assert refused(centre, msgspec.structs.replace(good, **{name: value})) == Why.BAD_SEAL, name
    for key in ("AAAA", "=", "A"):
        assert refused(centre, msgspec.structs.replace(good, key=key)) == Why.BAD_SEAL
    assert centre.enroller.enrol(good).unit == "lib01"


def test_a_new_life_needs_a_new_key(centre: Centre, stranger: Pen, ticket: Ticket) -> None:
    centre.enroller.enrol(asks(stranger, ticket))
    fresh = invited(centre)
    assert refused(centre, asks(stranger, fresh)) == Why.BAD_REQUEST
    heir = Pen(centre, "lib01", Keystore(Keystore.Options("heir")))
    assert centre.enroller.enrol(asks(heir, fresh)).epoch == 2


def test_two_who_come_at_once_with_one_ticket(centre: Centre, url: str, ticket: Ticket) -> None:
    def come(number: int) -> str:
        pen = Pen(centre, "lib01", Keystore(Keystore.Options(f"number {number}")))
        with beside(centre, url) as door:
            try:
                door.enroller.enrol(asks(pen, ticket))
            except RefusedError as error:
                return error.problem.type
            return "in"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(come, range(4))) == ["in", *[Why.BAD_CODE] * 3]
    assert lives(centre) == [("lib01", 1)]


# ---- certificate requests


def pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE REQUEST-----\n"


def signed_by(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, digest).public_bytes(Encoding.PEM).decode()


GARBAGE = {
    "nothing": "",
    "words": "let me in",
    "an empty frame": pem(b""),
    "a frame around garbage": pem(b"\x30\x82garbage"),
    "a certificate": Authority.create("elsewhere", moment(0))[1].decode(),
    "too long": any_csr() + "\n" * CSR_MAX_BYTES,
    "an Ed25519 key": signed_by(ed25519.Ed25519PrivateKey.generate()),
    "an RSA key": signed_by(rsa.generate_private_key(65537, 2048)),
    "another curve": signed_by(ec.generate_private_key(ec.SECP521R1())),
}


def test_a_bad_certificate_request_is_refused_and_the_ticket_stays_good(
    centre: Centre, stranger: Pen, ticket: Ticket
) -> None:
    for what, csr in GARBAGE.items():
        assert refused(centre, asks(stranger, ticket, csr)) == Why.BAD_REQUEST, what
    assert centre.enroller.enrol(asks(stranger, ticket)).unit == "lib01"


# Its signature does not end in zero bits: those could be said to be none of it (DER), which is the same signature.
REQUEST = next(
    raw for _ in range(1_000) if (raw := x509.load_pem_x509_csr(any_csr().encode()).public_bytes(Encoding.DER))[-1] & 1
)
AUTHORITY = Authority(*Authority.create("todai", moment(0)))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
def test_every_flipped_byte_of_a_certificate_request_is_noticed(at: int, flip: int) -> None:
    bad = bytearray(REQUEST)
    bad[at] ^= flip
    with pytest.raises(CertificateError):
        AUTHORITY.device(pem(bytes(bad)), "todai", "lib01", 1, moment(0))


def test_a_certificate_names_the_unit_of_the_ticket_whatever_was_asked(
    centre: Centre, stranger: Pen, ticket: Ticket
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    boast = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bus01")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(boast)
    asked = builder.add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
    csr = asked.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    given = centre.enroller.enrol(asks(stranger, ticket, csr)).certificate
    certificate = x509.load_pem_x509_certificate(given.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:machitap:todai:lib01:1"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.subject.rfc4514_string() == "CN=lib01"


def test_closing_a_unit_says_so_to_the_unit(centre: Centre) -> None:
    pen = Pen.enrolled(centre)
    assert not centre.enroller.close("nobody", "never was")
    assert centre.enroller.close("lib01", "scrapped")
    with store.reading(centre.engine) as connection:
        assert connection.execute(sa.select(store.unit.c.state)).scalar_one() == UnitState.CLOSED
    with pytest.raises(RefusedError) as error:
        pen.send(pen.begin(touch()))
    assert error.value.problem.type == Why.NOT_ENROLLED
