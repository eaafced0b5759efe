"""Lets a unit into a centre at hand, with a device certificate as the units' door wants to see it."""

from appliance.uplink.certificate import Tls
from central.centre import Centre
from drivers.keystore import Keystore
from sync.messages import Enrolment, EnrolRequest, enrol_proof, text


def enrol(centre: Centre, unit: str, keystore: Keystore, tls: Tls, place: str = "library") -> Enrolment:
    """Invite a unit, enrol it with the key of its journal, and keep its certificate."""
    ticket = centre.enroller.invite(unit, place, "facility", "https://localhost")
    csr = tls.request(unit)
    proof = text(keystore.sign(enrol_proof(ticket.code, csr)))
    enrolment = centre.enroller.enrol(EnrolRequest(unit, ticket.code, text(keystore.public), csr, proof))
    tls.keep(enrolment.certificate, enrolment.ca)
    return enrolment
