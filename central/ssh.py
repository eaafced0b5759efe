"""The town's two authorities for SSH: one for its technicians, one for the SSH servers of its units.

Both are keys of OpenSSH in the centre's `keys/`; everything is signed and revoked by the system's `ssh-keygen`. They
are made when the office first asks for something of them; a town without technicians has none.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from central.town import Entropy
from sync.facts import HostSet
from sync.messages import Technicians, text
from sync.technician import ssh_print

TECHNICIANS: Final = "ssh-technicians"
HOSTS: Final = "ssh-hosts"
REVOKED: Final = "ssh-revoked.krl"
HOST_WEEKS: Final = 520
HOURS_MAX: Final = 24
_SERIAL_BYTES: Final = 6  # less than every JSON reader keeps exactly
_VERSION: Final = slice(12, 20)  # of a KRL: behind "SSHKRL\n\0" and the number of its format
_TIMEOUT_S: Final = 10


class SshError(ValueError):
    """This cannot be signed or revoked; the message says why."""


class Certified(msgspec.Struct, frozen=True):
    """A certificate (one line of text), its serial number, and the fingerprint of the key in it."""

    certificate: str
    serial: int
    key: str


class SshAuthority:
    """Signs for technicians and for units' SSH servers."""

    def __init__(self, keys: Path, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    def exists(self) -> bool:
        return all((self._keys / name).exists() for name in (TECHNICIANS, HOSTS, REVOKED))

    def create(self) -> None:
        """Make what is not there yet; each is whole before it has its name."""
        for name in (TECHNICIANS, HOSTS):
            if not (self._keys / name).exists():
                fresh = f".{name}.new"
                for left_over in (fresh, f"{fresh}.pub"):
                    (self._keys / left_over).unlink(missing_ok=True)
                self._keygen("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", fresh)
                self._keep(f"{fresh}.pub", f"{name}.pub")
                self._keep(fresh, name)
        if not (self._keys / REVOKED).exists():
            self._keygen("-q", "-k", "-z", "1", "-f", f".{REVOKED}.new")
            self._keep(f".{REVOKED}.new", REVOKED)

    def technician(self, public: str, name: str, may: Sequence[str], hours: int) -> Certified:
        """Certify a technician's public key for so many hours.

        It is good from the beginning of time: a unit without a battery clock stands in the past until somebody sets it.

        Raises:
            SshError: this is no public key of OpenSSH.
        """
        limits = ("-n", ",".join(may), "-V", f"always:+{hours}h", "-O", "clear", "-O", "permit-port-forwarding")
        return self._sign(TECHNICIANS, public, name, limits)

    def host(self, public: str, unit: str) -> Certified:
        """Certify the public key of a unit's SSH server, for ten years.

        Raises:
            SshError: this is no public key of OpenSSH.
        """
        return self._sign(HOSTS, public, unit, ("-h", "-n", unit, "-V", f"always:+{HOST_WEEKS}w"))

    def revoke(self, serial: int) -> int:
        """Revoke the certificate with a serial number, whoever has it; return the number of the list that says so."""
        number = self._number() + 1
        fresh = f".{REVOKED}.new"
        (self._keys / fresh).write_bytes((self._keys / REVOKED).read_bytes())
        for authority in (TECHNICIANS, HOSTS):
            with TemporaryDirectory() as place:
                named = Path(place) / "serial"
                named.write_text(f"serial: {serial}\n")
                self._keygen("-q", "-k", "-u", "-z", str(number), "-f", fresh, "-s", f"{authority}.pub", str(named))
        self._keep(fresh, REVOKED)
        return number

    def told(self, town: str) -> Technicians:
        """Return what units and laptops are told of the authorities."""
        ca, host_ca = ((self._keys / f"{name}.pub").read_text().strip() for name in (TECHNICIANS, HOSTS))
        return Technicians(town, self._number(), ca, host_ca, text((self._keys / REVOKED).read_bytes()))

    def _number(self) -> int:
        return int.from_bytes((self._keys / REVOKED).read_bytes()[_VERSION])

    def _sign(self, authority: str, public: str, identity: str, limits: Sequence[str]) -> Certified:
        try:
            key = ssh_print(public)
        except ValueError as error:
            raise SshError(str(error)) from error
        serial = int.from_bytes(self._entropy.bytes(_SERIAL_BYTES))
        with TemporaryDirectory() as place:
            given = Path(place) / "key.pub"
            given.write_text(public.strip() + "\n")
            self._keygen("-q", "-s", authority, "-I", identity, "-z", str(serial), *limits, str(given))
            return Certified(given.with_name("key-cert.pub").read_text().strip(), serial, key)

    def _keep(self, fresh: str, name: str) -> None:
        """Give a file that was just written its name, durably."""
        (self._keys / fresh).chmod(0o600)
        for path in (self._keys / fresh, self._keys):
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        (self._keys / fresh).rename(self._keys / name)

    def _keygen(self, *words: str) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
                ["/usr/bin/ssh-keygen", *words],
                cwd=self._keys,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except OSError as error:
            raise SshError(f"ssh-keygen: {error.strerror}; install the package openssh-client") from error
        if done.returncode:
            raise SshError(f"ssh-keygen: {done.stderr.strip()}")


class Vouching:
    """Vouches for the SSH server of a unit that is let in, in a town that has technicians."""

    def __init__(self, keys: Path, entropy: Entropy) -> None:
        self._authority = SshAuthority(keys, entropy)

    def __call__(self, unit: str, key: str) -> tuple[str, HostSet] | None:
        """Return the certificate and what is noted of it.

        Raises:
            SshError: this is no public key of OpenSSH.
        """
        if not self._authority.exists():
            return None
        done = self._authority.host(key, unit)
        return done.certificate, HostSet(unit, done.serial, done.key)
