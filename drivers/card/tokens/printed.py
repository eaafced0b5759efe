"""A printed code (紙のコード): a number that the town has signed. Anybody can check it; a photograph does as well."""

from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drivers.card.errors import NotReadableError
from drivers.card.presented import Fresh, Presented, Proof
from drivers.card.tokens import code
from drivers.card.tokens.code import Paper


def make(paper: Paper, issuer_key: Ed25519PrivateKey) -> str:
    """Return the text of the QR code to print.

    Raises:
        ValueError: the paper says something that it cannot say, or is a phone's.
    """
    if paper.key:
        raise ValueError("a phone's paper is not printed")
    return code.to_text(code.issue(paper, issuer_key))


def check(data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None) -> Presented:
    """Believe a printed code or say why not.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    paper = code.believe(data, issuers, now)
    if len(data) != code.parse(data)[1]:
        raise NotReadableError("a code with something behind it")
    return Presented(
        "printed",
        paper.number.hex(),
        Proof.TOKEN,
        issuer=paper.issuer,
        expires=paper.ends,
        time_checked=now is not None,
        fresh=Fresh.COPY,
    )
