"""A passkey's device and the browser before it, in a few lines: they make what the standard says, or something else."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, MAY_BE_COPIED, IS_COPIED, NEW = 1, 4, 8, 16, 64
_P256 = 32


@dataclass
class Authenticator:
    """One device with one passkey. `uses`: its own count; `flags`: what it says of the person, and of copies."""

    credential: bytes = b"a passkey of the tests"
    uses: int = 0
    flags: int = PRESENT | VERIFIED
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> bytes:
        """What checks its signatures, as COSE spells it."""
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(_P256), -3: point.y.to_bytes(_P256)})

    def make(self, options: Mapping[str, Any], origin: str) -> dict[str, str]:
        """Return what a page sends of a passkey that was made."""
        named = bytes(16) + len(self.credential).to_bytes(2) + self.credential + self.public
        data = self._data(options["rp"]["id"], NEW) + named
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "credential": text(self.credential),
            "client": text(client("webauthn.create", options["challenge"], origin)),
            "made": text(made),
        }

    def sign(self, options: Mapping[str, Any], origin: str, site: str = "") -> dict[str, str]:
        """Return what a page sends of a passkey that has signed."""
        said = client("webauthn.get", options["challenge"], origin)
        data = self._data(site or options["rpId"])
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return {
            "credential": text(self.credential),
            "client": text(said),
            "data": text(data),
            "signature": text(signature),
        }

    def _data(self, site: str, also: int = 0) -> bytes:
        return hashlib.sha256(site.encode()).digest() + bytes([self.flags | also]) + self.uses.to_bytes(4)


def client(kind: str, challenge: str, origin: str, **besides: object) -> bytes:
    """Return what a browser says of the page that asked."""
    return msgspec.json.encode({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False} | besides)


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(said: str) -> bytes:
    return urlsafe_b64decode(said + "==")
