"""A trust as a folder of files that a person can look at, copy and sign for.

    trust.toml          which profiles in which order, production or test, where the pass lies
    pass/REFERENCE.pem  the public key of a pass issuer; the file's name is its reference ("asahi.1")
    jpki/*.pem          certificates of the authorities for authentication certificates, one generation each
    sign/*.pem          the same for signing certificates
    crl/*               lists of revoked certificates by these authorities, DER or PEM
    cv/KEY-ID.pem       a public key above the card issuers' certificates; the name is its id, 32 hexadecimal digits
    face/INDEX.pem      the public key of an enrolled card; the name is the card's index, 64 hexadecimal digits
    terminal/           certificate (146 bytes) and key.pem (secret, P-256), where the pass asks who is asking
    u2f/*.pem           certificates of the makers whose counter cards a desk takes
    sun/open.key        secret, 32 hexadecimal digits: opens the numbers of the town's tags
    sun/UID.key         secret, 32 hexadecimal digits: the key of one tag; the name is its number, 14 digits

A folder that is not there holds nothing; a secret that others can read is refused. Everything in `trust.toml` has a
default; `production = true` is one of them.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from drivers.card import service_pass
from drivers.card.apdu import SHORT_LE_MAX
from drivers.card.errors import CardError
from drivers.card.jpki import crl
from drivers.card.memory import Memory
from drivers.card.service_pass import PassProfile, mutual
from drivers.card.service_pass.mutual import Terminal
from drivers.card.tokens import sun
from drivers.card.tokens.sun import SunProfile
from drivers.card.trust import AUTH_POLICY, PROFILES, SIGN_POLICY, Trust, TrustError

_INDEX_CHARS = 64


class _Pass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    aid: str = service_pass.DEFAULT_AID.hex()
    credential_file: int = 1
    key_reference: int = 1
    terminal_key: int | None = None
    first_bytes: int = SHORT_LE_MAX


class _Sun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    data_name: str = "picc_data"
    mac_name: str = "cmac"


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`trust.toml`."""

    order: tuple[str, ...] = PROFILES
    production: bool = True
    allow_certificate_only: bool = False
    jpki_policies: frozenset[str] = frozenset({AUTH_POLICY})
    sign_policies: frozenset[str] = frozenset({SIGN_POLICY})
    jpki_pins: frozenset[str] = frozenset()
    pass_: _Pass = msgspec.field(name="pass", default_factory=_Pass)
    sun: _Sun | None = None


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
            bytes.fromhex(settings.pass_.aid),
            settings.pass_.credential_file,
            settings.pass_.key_reference,
            settings.pass_.terminal_key,
            settings.pass_.first_bytes,
        )
        roots = {bytes.fromhex(path.stem): _rsa(path) for path in _pems(folder / "cv")}
    except ValueError as error:
        raise TrustError(f"{folder}: {error}") from error
    authorities, sign_authorities = (
        tuple(_certificate(path) for path in _pems(folder / name)) for name in ("jpki", "sign")
    )
    return Trust(
        order=settings.order,
        pass_issuers={path.stem: _ed25519(path) for path in _pems(folder / "pass")},
        pass_profile=profile,
        memory=Memory(),
        terminal=_terminal(folder / "terminal") if profile.terminal_key is not None else None,
        counter_makers=tuple(_certificate(path) for path in _pems(folder / "u2f")),
        sun=_sun(folder / "sun", settings.sun) if settings.sun else None,
        jpki_authorities=authorities,
        jpki_policies=settings.jpki_policies,
        sign_authorities=sign_authorities,
        sign_policies=settings.sign_policies,
        jpki_pins=frozenset(pin.upper() for pin in settings.jpki_pins),
        revocation_lists=tuple(_lists(folder / "crl", (*authorities, *sign_authorities))),
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
        sign_policies=trust.sign_policies,
        jpki_pins=trust.jpki_pins,
        pass_=_Pass(
            profile.aid.hex().upper(),
            profile.credential_file,
            profile.key_reference,
            profile.terminal_key,
            profile.first_bytes,
        ),
        sun=_Sun(trust.sun.data_name, trust.sun.mac_name) if trust.sun else None,
    )
    files = {Path("trust.toml"): _toml(settings)}
    for reference, issuer in trust.pass_issuers.items():
        files[Path("pass", f"{reference}.pem")] = issuer.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kept = (("jpki", trust.jpki_authorities), ("sign", trust.sign_authorities), ("u2f", trust.counter_makers))
    for name, authorities in kept:
        for authority in authorities:
            files[Path(name, f"{authority.serial_number:x}.pem")] = authority.public_bytes(Encoding.PEM)
    for number, each in enumerate(trust.revocation_lists):
        files[Path("crl", f"{number}.crl")] = each.crl.public_bytes(Encoding.DER)
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


def _check_secret(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise TrustError(f"{path} can be read by others; say: chmod 600 {path}")


def _terminal(folder: Path) -> Terminal:
    try:
        _check_secret(folder / "key.pem")
        certificate = (folder / "certificate").read_bytes()
        key = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
    except TrustError:
        raise
    except (OSError, ValueError) as error:
        raise TrustError(f"{folder}: {error}") from error
    if not isinstance(key, EllipticCurvePrivateKey) or len(certificate) != mutual.CERTIFICATE_BYTES:
        raise TrustError(f"{folder}: a certificate of {mutual.CERTIFICATE_BYTES} bytes and a P-256 key are needed")
    return Terminal(certificate, functools.partial(mutual.sign, key))


def _sun(folder: Path, names: _Sun) -> SunProfile:
    def key(name: str) -> bytes | None:
        path = folder / f"{name}.key"
        try:
            found = bytes.fromhex(path.read_text().strip()) if path.exists() else None
        except ValueError as error:
            raise TrustError(f"{path}: 32 hexadecimal digits are needed") from error
        if found is not None and len(found) != sun.KEY_BYTES:
            raise TrustError(f"{path}: 32 hexadecimal digits are needed")
        return found

    for path in folder.glob("*.key"):
        _check_secret(path)
    open_key = key("open")
    if open_key is None:
        raise TrustError(f"{folder / 'open.key'} is not there")
    return SunProfile(open_key, lambda uid: key(uid.hex().upper()), names.data_name, names.mac_name)


def _lists(folder: Path, authorities: tuple[x509.Certificate, ...]) -> Iterator[crl.RevocationList]:
    for path in sorted(folder.glob("*")):
        try:
            yield crl.load(path.read_bytes(), authorities)
        except (OSError, CardError) as error:
            raise TrustError(f"{path}: {error}") from error


def _toml(settings: _Settings) -> bytes:
    """Write the settings by hand: they are few, and a TOML writer would be one more dependency."""

    def words(values: object) -> str:
        return msgspec.json.encode(values).decode()

    tags = settings.sun
    return (
        f"order = {words(settings.order)}\n"
        f"production = {words(settings.production)}\n"
        f"allow_certificate_only = {words(settings.allow_certificate_only)}\n"
        f"jpki_policies = {words(sorted(settings.jpki_policies))}\n"
        f"sign_policies = {words(sorted(settings.sign_policies))}\n"
        f"jpki_pins = {words(sorted(settings.jpki_pins))}\n"
        "\n[pass]\n"
        f"aid = {words(settings.pass_.aid)}\n"
        f"credential_file = {settings.pass_.credential_file}\n"
        f"key_reference = {settings.pass_.key_reference}\n"
        + (f"terminal_key = {terminal_key}\n" if (terminal_key := settings.pass_.terminal_key) is not None else "")
        + f"first_bytes = {settings.pass_.first_bytes}\n"
        + (f"\n[sun]\ndata_name = {words(tags.data_name)}\nmac_name = {words(tags.mac_name)}\n" if tags else "")
    ).encode()
