"""A trust as a folder of files that a person can look at, copy and sign for.

    trust.toml          which profiles in which order, production or test, where the pass lies
    pass/REFERENCE.pem  the public key of a pass issuer; the file's name is its reference ("asahi.1")
    jpki/*.pem          certificates of the authorities for authentication certificates, one generation each
    cv/KEY-ID.pem       a public key above the card issuers' certificates; the name is its id, 32 hexadecimal digits
    face/INDEX.pem      the public key of an enrolled card; the name is the card's index, 64 hexadecimal digits

A folder that is not there holds nothing. Everything in `trust.toml` has a default; `production = true` is one of them.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from drivers.card import service_pass
from drivers.card.service_pass import PassProfile
from drivers.card.trust import AUTH_POLICY, PROFILES, Trust, TrustError

_INDEX_CHARS = 64


class _Pass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    aid: str = service_pass.DEFAULT_AID.hex()
    credential_file: int = 1
    key_reference: int = 1


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`trust.toml`."""

    order: tuple[str, ...] = PROFILES
    production: bool = True
    allow_certificate_only: bool = False
    jpki_policies: frozenset[str] = frozenset({AUTH_POLICY})
    pass_: _Pass = msgspec.field(name="pass", default_factory=_Pass)


def load(folder: Path) -> Trust:
    """Read a trust folder; enrolled cards are looked up in it at every tap.

    Raises:
        TrustError: something in it is wrong; the message names the file.
    """
    if not folder.is_dir():
        raise TrustError(f"{folder} is no folder")
    settings = _settings(folder / "trust.toml")
    try:
        profile = PassProfile(
            bytes.fromhex(settings.pass_.aid), settings.pass_.credential_file, settings.pass_.key_reference
        )
        roots = {bytes.fromhex(path.stem): _rsa(path) for path in _pems(folder / "cv")}
    except ValueError as error:
        raise TrustError(f"{folder}: {error}") from error
    return Trust(
        order=settings.order,
        pass_issuers={path.stem: _ed25519(path) for path in _pems(folder / "pass")},
        pass_profile=profile,
        jpki_authorities=tuple(_certificate(path) for path in _pems(folder / "jpki")),
        jpki_policies=settings.jpki_policies,
        cv_roots=roots,
        face_key=lambda index: face_key(folder, index),
        allow_certificate_only=settings.allow_certificate_only,
        production=settings.production,
    )


def save(trust: Trust, folder: Path) -> None:
    """Write a trust as a folder; enrolled cards are added with `enrol`."""
    profile = trust.pass_profile
    settings = _Settings(
        order=trust.order,
        production=trust.production,
        allow_certificate_only=trust.allow_certificate_only,
        jpki_policies=trust.jpki_policies,
        pass_=_Pass(profile.aid.hex().upper(), profile.credential_file, profile.key_reference),
    )
    files = {Path("trust.toml"): _toml(settings)}
    for reference, issuer in trust.pass_issuers.items():
        files[Path("pass", f"{reference}.pem")] = issuer.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for authority in trust.jpki_authorities:
        files[Path("jpki", f"{authority.serial_number:x}.pem")] = authority.public_bytes(Encoding.PEM)
    for key_id, root in trust.cv_roots.items():
        files[Path("cv", f"{key_id.hex()}.pem")] = root.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def enrol(folder: Path, index: str, public_key: bytes) -> Path:
    """Keep an enrolled card's public key (DER) and return its file."""
    path = folder / "face" / f"{index}.pem"
    path.parent.mkdir(exist_ok=True)
    key = load_der_public_key(public_key)
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def face_key(folder: Path, index: str) -> bytes | None:
    """Return the public key (DER) of an enrolled card, or None."""
    path = folder / "face" / f"{index}.pem"
    if len(index) != _INDEX_CHARS or not path.exists():
        return None
    return _rsa(path).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _settings(path: Path) -> _Settings:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Settings) if path.exists() else _Settings()
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise TrustError(f"{path}: {error}") from error


def _pems(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*.pem")))


def _public_key(path: Path) -> PublicKeyTypes:
    try:
        return load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TrustError(f"{path}: {error}") from error


def _rsa(path: Path) -> RSAPublicKey:
    key = _public_key(path)
    if not isinstance(key, RSAPublicKey):
        raise TrustError(f"{path}: an RSA key is needed")
    return key


def _ed25519(path: Path) -> Ed25519PublicKey:
    key = _public_key(path)
    if not isinstance(key, Ed25519PublicKey):
        raise TrustError(f"{path}: an Ed25519 key is needed")
    return key


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TrustError(f"{path}: {error}") from error


def _toml(settings: _Settings) -> bytes:
    """Write the settings by hand: they are few, and a TOML writer would be one more dependency."""

    def words(values: object) -> str:
        return msgspec.json.encode(values).decode()

    return (
        f"order = {words(settings.order)}\n"
        f"production = {words(settings.production)}\n"
        f"allow_certificate_only = {words(settings.allow_certificate_only)}\n"
        f"jpki_policies = {words(sorted(settings.jpki_policies))}\n"
        "\n[pass]\n"
        f"aid = {words(settings.pass_.aid)}\n"
        f"credential_file = {settings.pass_.credential_file}\n"
        f"key_reference = {settings.pass_.key_reference}\n"
    ).encode()
