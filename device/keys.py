"""The technician's folder on the laptop: a key, the office's certificate for it, and what is known of the town.

key, key.pub      made here; the private one never leaves
key-cert.pub      from the office, good for hours
town.json         from the office, good for long: whom units let in, how units are known, what is revoked;
                  known_hosts and revoked.krl say the same for OpenSSH
hosts/<unit>      the key of a new unit that a person has compared, until the town vouches for it
held/<unit>/      journals that were taken along
asked/            requests of units that reached no centre, to be brought to the office, and its answers
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

from device.errors import DeviceError, Exit
from device.openssh import keygen
from sync.by_hand import ByHandError, request_id
from sync.entries import BAD_JSON
from sync.messages import Admission, MessageError, Technicians, raw_bytes
from sync.technician import Role


class _Told(msgspec.Struct, frozen=True):
    """As the town signed it; a unit checks that."""

    body: Technicians


class _Answer(msgspec.Struct, frozen=True):
    """As the town signed it; a unit checks that, too."""

    body: Admission


class Permit(msgspec.Struct, frozen=True):
    """What a technician's certificate says. `ends`: Unix seconds."""

    name: str
    serial: int
    may: list[str]
    ends: int


class Keys:
    """An existing folder, or one to be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def certificate(self) -> Path:
        return self.folder / "key-cert.pub"

    @property
    def town(self) -> Path:
        return self.folder / "town.json"

    def create(self) -> None:
        """Make the folder and the key, if there is none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.key.exists():
            keygen("-q", "-t", "ed25519", "-N", "", "-C", "machitap technician", "-f", str(self.key))

    def keep(self, certificate: bytes | None, town: bytes | None) -> None:
        """Keep what the office gave.

        Raises:
            DeviceError: it is not what it should be; nothing of it is kept.
        """
        if certificate is not None:
            _permit(certificate)
        if certificate is not None:
            write(self.certificate, certificate)
        if town is not None:
            told = _told(town)
            write(self.folder / "known_hosts", f"@cert-authority * {told.host_ca}\n".encode())
            write(self.folder / "revoked.krl", raw_bytes(told.revoked))
            write(self.town, town)

    def permit(self, now_ms: int, role: Role) -> Permit:
        """Return what the certificate says.

        Raises:
            DeviceError: there is none, it has run out, or it does not allow this.
        """
        try:
            permit = _permit(self.certificate.read_bytes())
        except FileNotFoundError as error:
            raise _no_certificate(self.key) from error
        if permit.ends * 1000 <= now_ms:
            ended = datetime.fromtimestamp(permit.ends, UTC).isoformat(timespec="minutes")
            raise DeviceError(
                Exit.PERMISSION,
                ja=f"証明書の期限が切れています({ended})",
                en=f"your certificate ran out at {ended}",
                do_ja=f"{self.key}.pub で、新しいものを役場にもらってください: machi central technician certify",
                do_en=f"ask the office for a new one for {self.key}.pub: machi central technician certify",
            )
        if role not in permit.may:
            raise DeviceError(
                Exit.PERMISSION,
                ja=f"この証明書では「{role}」はできません",
                en=f'your certificate allows {", ".join(permit.may)}, and this takes "{role}"',
                do_ja="役場に頼んでください: machi central technician certify --role provision",
                do_en="ask the office: machi central technician certify --role provision",
            )
        return permit

    def told(self) -> Technicians:
        """Return what the town says of its technicians.

        Raises:
            DeviceError: it is not there, or no such word.
        """
        return _told(self.told_raw())

    def told_raw(self) -> bytes:
        try:
            return self.town.read_bytes()
        except FileNotFoundError as error:
            raise DeviceError(
                Exit.NOT_FOUND,
                ja="町のことをまだ知りません",
                en="nothing is known of the town here yet",
                do_ja="役場の town.json を: machi device key --town town.json",
                do_en="bring town.json from the office: machi device key --town town.json",
            ) from error

    def known_hosts(self, unit: str) -> tuple[Path, Path, Path]:
        """Return what OpenSSH goes by: the town's word, what was compared by hand, what is revoked."""
        return self.folder / "known_hosts", self._compared(unit), self.folder / "revoked.krl"

    def pin(self, unit: str, key: str) -> None:
        """Remember the key of a new unit, which a person has compared."""
        path = self._compared(unit)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write(path, f"{unit} {key}\n".encode())

    def _compared(self, unit: str) -> Path:
        return self.folder / "hosts" / unit

    def forget(self, unit: str) -> bool:
        """Forget a key that was compared by hand; return whether there was one."""
        path = self._compared(unit)
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    def keep_request(self, unit: str, request: bytes) -> Path:
        """Keep what a unit asks the office for; return the file."""
        path = self._asked(unit, "request")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(path, request)
        return path

    def answer(self, unit: str) -> bytes:
        """Return the office's answer, if it lies beside the request that it answers; b"" if there is none."""
        asked, answered = self._asked(unit, "request"), self._asked(unit, "answer")
        try:
            raw, to = answered.read_bytes(), request_id(asked.read_bytes())
            said = msgspec.json.decode(raw, type=_Answer).body.request
        except (OSError, *BAD_JSON, ByHandError):
            return b""
        return raw if said == to else b""

    def forget_request(self, unit: str) -> None:
        """Throw request and answer away: the unit is let in."""
        for what in ("request", "answer"):
            self._asked(unit, what).unlink(missing_ok=True)

    def _asked(self, unit: str, what: str) -> Path:
        return self.folder / "asked" / f"{unit}.{what}"

    def place_for(self, unit: str) -> Path:
        """Return the folder for what is taken along from a unit."""
        place = self.folder / "held" / unit
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place


def write(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)


def _permit(raw: bytes) -> Permit:
    try:
        shown = load_ssh_public_identity(raw)
    except ValueError as error:
        raise DeviceError(Exit.USAGE, ja="SSHの証明書ではありません", en=f"no SSH certificate: {error}") from error
    if not isinstance(shown, SSHCertificate):
        raise DeviceError(Exit.USAGE, ja="SSHの証明書ではありません", en="a bare key, and no SSH certificate")
    may = [one.decode(errors="replace") for one in shown.valid_principals]
    return Permit(shown.key_id.decode(errors="replace"), shown.serial, may, shown.valid_before)


def _told(raw: bytes) -> Technicians:
    try:
        told = msgspec.json.decode(raw, type=_Told).body
        raw_bytes(told.revoked)
    except (*BAD_JSON, MessageError) as error:
        raise DeviceError(
            Exit.USAGE,
            ja="これは town.json ではありません",
            en=f"this is not what the office prints for laptops: {error}",
            do_ja="役場で: machi central technician trust",
            do_en="at the office: machi central technician trust",
        ) from error
    return told


def _no_certificate(key: Path) -> DeviceError:
    return DeviceError(
        Exit.PERMISSION,
        ja="証明書がまだありません",
        en="you have no certificate yet",
        do_ja="machi device key で鍵を作り、公開鍵を役場に送ってください",
        do_en=f"make a key with machi device key, and send {key}.pub to the office",
    )
