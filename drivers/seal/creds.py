"""systemd's encrypted credentials (systemd-creds(1)): a service gets them opened, in memory, and nobody else does.

With a TPM they are sealed by that alone, and to nothing that an update changes: both slots of a card open them. Else
they are sealed by systemd's key of the host. In an image nothing of that key's folder outlives a start, so it is
brought there at each: made from the key that is burnt into the board, or copied from the partition that stays.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.seal import Holder, SealError

_TOOL: Final = "systemd-creds"
_TIMEOUT_S: Final = 60  # a TPM on a slow bus takes its time for a key
_CHIP: Final = Path("/dev/tpmrm0")
# Nothing measures into this register of a TPM, so it is the same after every update. To no register at all systemd 252
# seals, too, but cannot open it.
_REGISTER: Final = 16
# How systemd's src/shared/creds-util.h names what a credential was encrypted by, in its first 16 bytes.
_KINDS: Final = {
    "0c7cc07b117645919c4b0bea08bc20fe": Holder.TPM,
    "93a894094874449090ca2ffc9314aa1e": Holder.TPM,  # both
    "5a1c6a86df9d4096b1d5a65e0862f19a": Holder.HOST,
}
_NAME_BYTES: Final = 16  # of the machine, and the key behind it: as struct credential_host_secret_format has them
_HOST_KEY_BYTES: Final = 4096
_PURPOSE: Final = b"machitap/host-key/1"


class Driver:
    """Capabilities: by a TPM, a key burnt into the board, or one on the disk; root and systemd open it."""

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """`tpm`: how systemd names the TPM, "" for its usual one. `host_key`: where systemd looks for its key.

        `kept`: a folder that outlives a start, for the same key, where `host_key` does not.
        """

        tpm: str = ""
        host_key: str = "/var/lib/systemd/credential.secret"
        kept: str = "/var/lib/machi-seal"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or self.Options()
        self._host_key = Path(self._options.host_key)
        self._kept = Path(self._options.kept) / self._host_key.name
        self.seals = shutil.which(_TOOL) is not None

    def ready(self, board_key: bytes | None) -> None:
        try:
            if self._host_key.exists():
                return
            if self._kept.exists():
                _write(self._host_key, self._kept.read_bytes())
            elif board_key:
                self._run("setup")  # writes how this system names the machine in front of the key
                _write(self._host_key, _derived(board_key, self._host_key.read_bytes()[:_NAME_BYTES]))
            elif not self._has_chip():
                self._run("setup")
                if self._kept.parent.is_dir():
                    self._kept.parent.chmod(0o700)
                    _write(self._kept, self._host_key.read_bytes())
        except (OSError, ValueError) as error:
            raise SealError(f"the key of this host cannot be brought into place: {error}") from error

    def seal(self, name: str, secret: bytes) -> bytes:
        chip = [f"--tpm2-pcrs={_REGISTER}", *self._chip()]
        by = ["--with-key=tpm2", *chip] if self._has_chip() else ["--with-key=host"]
        return self._run(*by, f"--name={name}", "encrypt", "-", "-", given=secret)

    def open(self, name: str, sealed: bytes) -> bytes:
        chip = self._chip() if self.holder(sealed) is Holder.TPM else []
        return self._run(*chip, f"--name={name}", "decrypt", "-", "-", given=sealed)

    def holder(self, sealed: bytes) -> Holder:
        try:
            return _KINDS.get(base64.b64decode(sealed)[:16].hex(), Holder.UNKNOWN)
        except binascii.Error:
            return Holder.UNKNOWN

    def forget(self) -> None:
        if self._kept.exists():
            self._kept.chmod(0o600)
            with self._kept.open("r+b") as file:
                file.write(bytes(self._kept.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            self._kept.unlink()
            _sync(self._kept.parent)

    @classmethod
    def probe(cls, options: Options) -> Check:
        """Say what this board can seal by."""
        driver = cls(options)
        if not driver.seals:
            return Check(
                State.OK, "封じません(systemd-creds がありません)", "it seals nothing: there is no systemd-creds"
            )
        if driver._has_chip():
            return Check(State.OK, "TPM で封じます", "by the TPM of this board")
        try:
            lies_elsewhere = driver._host_key.exists() and driver._kept.parent.is_dir() and not driver._kept.exists()
        except PermissionError:
            return Check(
                State.OK, "systemd の鍵で封じます", "by systemd's key of this host; root is told where that lies"
            )
        if lies_elsewhere:
            return Check(State.OK, "基板に焼かれた鍵で封じます", "by the key that is burnt into this board")
        return Check(
            State.OK,
            "TPM がないので、SDカードにある鍵で封じます。カードごと写されれば開きます",
            "without a TPM, by a key that is on the SD card: whoever copies all of the card opens it",
        )

    def _has_chip(self) -> bool:
        return bool(self._options.tpm or os.environ.get("SYSTEMD_TPM2_DEVICE")) or _CHIP.exists()

    def _chip(self) -> list[str]:
        return [f"--tpm2-device={self._options.tpm}"] if self._options.tpm else []

    def _run(self, *words: str, given: bytes = b"") -> bytes:
        environ = {**os.environ, "TSS2_LOG": "all+none", "SYSTEMD_LOG_LEVEL": "err"}
        try:
            done = subprocess.run(
                [_TOOL, *words], input=given, capture_output=True, timeout=_TIMEOUT_S, check=False, env=environ
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SealError(f"{_TOOL}: {error}") from error
        if done.returncode:
            said = re.sub(r"\s+", " ", done.stderr.decode(errors="replace")).strip()
            raise SealError(f"{_TOOL}: {said or f'ended with {done.returncode}'}")
        return done.stdout


def _derived(board_key: bytes, machine: bytes) -> bytes:
    """Return systemd's key of the host, made from the board's: HKDF-SHA256 (RFC 5869), for this machine."""
    root = hmac.digest(machine, board_key, hashlib.sha256)
    key, block = b"", b""
    for number in range(_HOST_KEY_BYTES // hashlib.sha256().digest_size):
        block = hmac.digest(root, block + _PURPOSE + bytes([number + 1]), hashlib.sha256)
        key += block
    return machine + key


def _write(path: Path, content: bytes) -> None:
    """Write a file that only root reads, whole or not at all, and on the disk."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
