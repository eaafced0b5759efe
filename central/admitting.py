"""Lets a unit in that reaches the centre by nothing but a file: the same desk as online, behind a sealed letter."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.enrol import Enroller
from central.town import Town
from sync.by_hand import open_request, seal_answer


def admit(raw: bytes, town_id: str, key: X25519PrivateKey, town: Town, enroller: Enroller) -> bytes:
    """Answer a unit's request, which was brought here as a file; the same request again gets the same life.

    Args:
        key: the town's, for which the request is sealed.

    Raises:
        ByHandError: the file is no request, was changed, or is for another town.
        RefusedError: the code is wrong, used or too old, or the unit does not hold the keys that it names.
    """
    asked = open_request(raw, town_id, key, town.check)
    enrolment = enroller.enrol(asked.request)
    return seal_answer(enrolment, raw, asked.answer_to, town.clock.wall_ms(), town.signer)
