"""What a backup says of itself, signed by the town: all of it is compared when the backup is tried or put back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from central.folder import TownId
from sync import chain
from sync.entries import BAD_JSON
from sync.messages import MessageError, envelope, open_envelope

MANIFEST_FILE: Final = "manifest.json"
BOOKS_FILE: Final = "books.db"
_DOMAIN: Final = b"machitap/backup/1\0"

_Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the backup; `size` in bytes."""

    size: _Count
    sha256: _Sha256


class Books(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The truth: what the centre holds.

    Attributes:
        segments, entries: how many are stored.
        ends: by writer and boot, the number and hash of the last entry of each journal that nothing continues.
        tables: the digest of each table that is no one's fold, as `central.reconcile.table_digest` makes it.
    """

    segments: _Count
    entries: _Count
    ends: dict[str, str]
    tables: dict[str, _Sha256]


class Sums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is made of the truth by adding up.

    Attributes:
        version: which core and programs added up.
        upto: the last segment, in order of arrival, that was added up.
        accounts, postings, moved, sum: of the ledger: how many, the sum of all amounts, and of all balances (0).
        programs: the totals of each program.
        tables: the digest of each derived table.
    """

    version: str
    upto: _Count
    accounts: _Count
    postings: _Count
    moved: int
    sum: int
    programs: dict[str, dict[str, int]]
    tables: dict[str, _Sha256]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says what a backup holds.

    Attributes:
        town: the short name of the town.
        made_ms: as of when, by the centre's clock.
        database: what it was taken from: "sqlite" or "postgresql".
        schema: the version of the tables in the file of books.
        sums: None if core and programs were of another version than those that had added up.
        keys: the SHA-256 of each secret key that belongs to these books, and is kept apart from them.
        files: every other file of the backup, by its path in it.
    """

    town: TownId
    made_ms: int
    database: str
    schema: str
    books: Books
    sums: Sums | None
    keys: dict[str, _Sha256]
    files: dict[str, File]


class DamagedError(Exception):
    """This is no whole backup of this town; the message says in Japanese and in English what is wrong with it."""


def seal(manifest: Manifest, signer: chain.Signer) -> bytes:
    """Return a manifest with the town's signature over exactly its bytes."""
    return envelope(_DOMAIN, manifest, signer)


def unseal(raw: bytes, town_key: bytes) -> Manifest:
    """Check the signature of a manifest and read it.

    Raises:
        DamagedError: the town did not write this.
    """
    try:
        return msgspec.json.decode(open_envelope(_DOMAIN, raw, town_key), type=Manifest)
    except (*BAD_JSON, chain.SealError, MessageError) as error:
        raise DamagedError(
            f"{MANIFEST_FILE} は、この鍵の町が書いたものではありません。バックアップか鍵がちがうか、こわれています。\n"
            f"{MANIFEST_FILE} was not written by the town of these keys: not its backup, or damaged ({error})"
        ) from error


def leaves(of: Any, path: str = "") -> dict[str, Any]:
    """Return every single value in a struct or a mapping, by the way that leads to it."""
    return dict(_leaves(msgspec.to_builtins(of), path))


def _leaves(of: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(of, Mapping):
        yield path, of
        return
    for name, inner in of.items():
        yield from _leaves(inner, f"{path}/{name}" if path else name)


def files_of(folder: Path) -> list[Path]:
    """Return every file in a backup but its manifest, in order."""
    every = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in every if path != folder / MANIFEST_FILE]
