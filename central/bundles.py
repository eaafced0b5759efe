"""The bundles that the centre can offer: each a file beside the books, named by its SHA-256, and checked when it came.

What a bundle says of itself, RAUC reads out of it, once its signature is good: the centre believes the keyring that
the town has laid into its images, and no other.
"""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from central.durable import sync_folder
from central.worded import WordedError
from sync.versions import VersionError, read

FOLDER: Final = "updates"
_SUFFIX: Final = ".raucb"
_CHUNK_BYTES: Final = 1024 * 1024
_INFO_S: Final = 300
_SETTINGS: Final = (  # as in an image, for the keyring is what counts there
    "[system]\ncompatible=any\nbootloader=noop\n\n[keyring]\n"
    "path={keyring}\ncheck-purpose=codesign\nuse-bundle-signing-time=true\n"
)
_LAST: Final = "LastError: "


class BundleError(WordedError):
    """This cannot be offered to anybody: Japanese and English."""

    def __init__(self, ja: str, en: str, *, is_missing: bool = False) -> None:
        super().__init__(ja, en)
        self.is_missing = is_missing


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that lies here: what it is by its signed manifest, SHA-256 and size of its file."""

    compatible: str
    version: str
    digest: str
    size: int


class Bundles:
    """The folder of a centre's bundles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str) -> Path | None:
        """Return where a bundle lies, or None if it is not here."""
        path = self._folder / f"{digest}{_SUFFIX}"
        return path if path.is_file() else None

    def add(self, bundle: Path, keyring: Path) -> Bundle:
        """Copy a bundle here, look into the copy, and keep it if it is what it should be.

        Raises:
            BundleError: it is not signed by anybody whom the keyring names, or units could not compare its version.
            OSError: it cannot be read, or there is no room here.
        """
        self._folder.mkdir(mode=0o755, exist_ok=True)
        fresh, digest = self._folder / "coming", hashlib.sha256()
        try:
            with bundle.open("rb") as source, fresh.open("wb") as target:
                while chunk := source.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            found = _about(fresh, keyring)
            size = fresh.stat().st_size
            fresh.replace(self._folder / f"{digest.hexdigest()}{_SUFFIX}")
            sync_folder(self._folder)
        finally:
            fresh.unlink(missing_ok=True)
        return Bundle(found["compatible"], found["version"], digest.hexdigest(), size)


def _about(bundle: Path, keyring: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as place:
        settings = Path(place) / "system.conf"
        settings.write_text(_SETTINGS.format(keyring=keyring.absolute()))
        found = json.loads(_rauc("-c", str(settings), "info", "--output-format=json", str(bundle)))
    version = found["version"] or ""
    try:
        read(version)
    except VersionError as error:
        raise BundleError(f"版が読めません: {error}", f"units cannot compare its version: {error}") from error
    return {"compatible": found["compatible"], "version": version}


def _rauc(*words: str) -> str:
    try:
        done = subprocess.run(["rauc", *words], capture_output=True, text=True, check=False, timeout=_INFO_S)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise BundleError(
            "この機械に rauc がありません(apt install rauc)",
            "rauc is not installed here; say: apt install rauc",
            is_missing=True,
        ) from error
    except subprocess.TimeoutExpired as error:
        why = f"rauc has not come to an end within {_INFO_S} seconds"
        raise BundleError("署名を確かめ終わりませんでした", why) from error
    if done.returncode:
        why = _why(f"{done.stdout}\n{done.stderr}")
        raise BundleError(f"署名が確かめられません: {why}", f"nobody whom this keyring names has signed it: {why}")
    return done.stdout


def _why(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line.partition(_LAST)[2] for line in lines if _LAST in line]
    return (named or lines or ["no reason"])[-1]
