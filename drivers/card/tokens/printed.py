"""A printed code (紙のコード): a number that the town has signed. Anybody can check it; a photograph does as well."""

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.card import paper
from drivers.card.errors import NotReadableError
from drivers.card.paper import Kind, Paper
from drivers.card.presented import Fresh, Presented, Proof
from drivers.card.tokens import code


def make(said: Paper, issuer_key: Ed25519PrivateKey) -> str:
    """Return the text of the QR code to print.

    Raises:
        ValueError: the paper says something that it cannot say, or is not for printing.
    """
    if said.kind is not Kind.PRINTED:
        raise ValueError("a phone's paper, or a card's, is not printed")
    return code.to_text(paper.issue(said, issuer_key))


def check(data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None) -> Presented:
    """Believe a printed code or say why not.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    said = paper.believe(data, issuers, now, {Kind.PRINTED})
    if len(data) != paper.length(data):
        raise NotReadableError("a code with something behind it")
    return Presented(
        "printed",
        said.number.hex(),
        Proof.TOKEN,
        issuer=said.issuer,
        expires=said.ends,
        time_checked=now is not None,
        fresh=Fresh.COPY,
    )
