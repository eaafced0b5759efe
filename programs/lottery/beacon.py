"""The public source of randomness: drand's `quicknet`, whose outputs are signatures that anybody can check.

Every three seconds a network of independent organisations signs the number of the round. Nobody has the signature
before, and there is only one; SHA-256 of it is the randomness. Scheme `bls-unchained-g1-rfc9380`: BLS12-381, signatures
in G1, the key in G2, hashed to the curve as in RFC 9380.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from programs.lottery.entries import SignatureHex
from programs.lottery.errors import DrawError

CHAIN: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
SCHEME: Final = "bls-unchained-g1-rfc9380"
GENESIS_S: Final = 1_692_803_367
PERIOD_S: Final = 3
_KEY: Final = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
_SIGNATURE: Final = "[0-9a-f]{96}"
_STRANGE_SHOWN: Final = 5
_DOMAIN: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


class RoundError(DrawError):
    """This is not the output of that round; the message says why."""


class Round(msgspec.Struct, frozen=True):
    """One output, as drand publishes it; what else stands there is passed over."""

    round: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    signature: SignatureHex
    randomness: str = ""


def round_at(at_s: int) -> int:
    """Return the round that comes at a time, or last before it."""
    return (at_s - GENESIS_S) // PERIOD_S + 1


def time_of(number: int) -> int:
    """Return when a round comes (Unix seconds)."""
    return GENESIS_S + (number - 1) * PERIOD_S


def randomness(signature: str) -> bytes:
    return hashlib.sha256(bytes.fromhex(signature)).digest()


def verify(number: int, signature: str) -> None:
    """Make sure that the network has signed this round so.

    Raises:
        RoundError: it has not.
    """
    from py_arkworks_bls12381 import GT, G1Point, G2Point  # noqa: PLC0415 - only whoever draws needs it

    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    try:
        signed = G1Point.from_compressed_bytes(bytes.fromhex(signature))
    except ValueError as error:
        raise RoundError(
            "署名の形になっていません。96文字をもう一度写してください。何も抽選していません。",
            "This is no signature: copy its 96 characters once more. Nothing was drawn.",
        ) from error
    hashed = G1Point.hash_to_curve(message, _DOMAIN)
    if not GT.pairing_check([signed, -hashed], [G2Point(), G2Point.from_compressed_bytes(_KEY)]):
        raise RoundError(
            f"ラウンド {number} の署名ではありません。番号と署名を確かめてください。何も抽選していません。",
            f"The network has not signed round {number} so: check number and signature. Nothing was drawn.",
        )


def find(document: bytes, number: int) -> Round:
    """Return a round out of a file: one as drand's HTTP interface gives it, a list of such, or one a line.

    Raises:
        RoundError: it is not in there, or the file is not of that form.
    """
    try:
        found = [one for one in _read(document) if one.round == number]
    except msgspec.MsgspecError as error:
        raise RoundError(
            "ラウンドのファイルを読めません。drand の形(JSON)で保存してください。",
            f"The file of rounds cannot be read ({error}): save it as drand gives it (JSON).",
        ) from error
    if not found:
        raise RoundError(
            f"このファイルにラウンド {number} がありません。その回を保存したファイルを使ってください。",
            f"Round {number} is not in this file: save that one.",
        )
    return found[0]


def signature_in(text: str, number: int) -> str:
    """Return the signature of a round out of what somebody has pasted (as `find`) or typed off a screen elsewhere.

    Gaps, capitals and wide characters are forgiven. Whether the network has signed so, `verify` says.

    Raises:
        RoundError: it is in no such form.
    """
    given = unicodedata.normalize("NFKC", text).strip()
    if given.startswith(("{", "[")):
        return find(given.encode(), number).signature
    signature = "".join(given.split()).lower()
    if not re.fullmatch(_SIGNATURE, signature):
        strange = "".join(dict.fromkeys(re.findall("[^0-9a-f]", signature)))[:_STRANGE_SHOWN]
        raise RoundError(
            f"署名は 0〜9 と a〜f の96文字です。いま {len(signature)}文字"
            + (f"で、「{strange}」があります" if strange else "")
            + "。何も抽選していません。",
            f"A signature has 96 characters, 0 to 9 and a to f; these are {len(signature)}"
            + (f", with {strange!r} among them" if strange else "")
            + ". Nothing was drawn.",
        )
    return signature


def _read(document: bytes) -> Iterable[Round]:
    stripped = document.strip()
    if stripped.startswith(b"["):
        return msgspec.json.decode(stripped, type=list[Round])
    parts = re.split(rb"\r?\n", stripped) if re.search(rb"\}\s*\n\s*\{", stripped) else [stripped]
    return [msgspec.json.decode(part, type=Round) for part in parts if part.strip()]
