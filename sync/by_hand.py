"""An enrolment that is carried by hand: a unit's request to the office as a file, and the office's answer as another.

Both are sealed (HPKE, RFC 9180): the request for a key of the town, as the ticket's code is in it; the answer for a key
that the unit has drawn for this one request, for the town's card key is in it. Whoever carries them can lose them, and
nothing else. The request is signed by the journal's key that it names, the answer by the town.
"""

import hashlib
from typing import Annotated, Final, Literal

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from sync import chain
from sync.entries import BAD_JSON, KeyText, UnitName
from sync.messages import Admission, Enrolment, EnrolRequest, MessageError, open_signed, raw_bytes, sign, text
from sync.twin import SUITE

REQUEST_MAX_BYTES: Final = 64 * 1024
ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024
_SCHEMA: Final = "machitap.request/1"
_REQUEST: Final = b"machitap/request/1\0"
_ANSWER: Final = b"machitap/answer/1\0"
_LEVEL: Final = 3


class ByHandError(ValueError):
    """This file is not what it should be, or not for us: in both languages, with what to do."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(en)
        self.ja = ja
        self.en = en


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request as it is carried: for which town, of which unit, and the rest sealed."""

    schema: Literal["machitap.request/1"]
    town: UnitName
    unit: UnitName
    sealed: Annotated[str, msgspec.Meta(max_length=REQUEST_MAX_BYTES)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sealed in it.

    Attributes:
        answer_to: public key for which the answer is to be sealed (X25519, base64).
        proof: signature with the journal's key over it and over what is asked for (base64).
    """

    request: EnrolRequest
    answer_to: KeyText
    proof: KeyText


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_REQUEST_READER: Final = msgspec.json.Decoder(Request)
_ASKED_READER: Final = msgspec.json.Decoder(Asked)
_ENROLMENT_READER: Final = msgspec.json.Decoder(Enrolment)


def answer_proof(request: EnrolRequest, answer_to: str) -> bytes:
    """Return what the journal's key signs, so that nobody on the way can have the answer sealed for himself."""
    return b"machitap/answer-to/1\0" + answer_to.encode() + b"\0" + msgspec.json.encode(request)


def seal_request(town: str, town_seal: bytes, asked: Asked) -> bytes:
    """Return a request as a file, for the town whose sealing key this is (raw).

    Raises:
        ByHandError: this is no such key.
    """
    try:
        key = X25519PublicKey.from_public_bytes(town_seal)
    except ValueError as error:
        raise ByHandError("登録票が古いか、こわれています", f"this ticket has no key to seal for: {error}") from error
    unit = asked.request.unit
    sealed = SUITE.encrypt(msgspec.json.encode(asked), key, _about(_REQUEST, town, unit))
    return msgspec.json.encode(Request(_SCHEMA, town, unit, text(sealed))) + b"\n"


def read_request(raw: bytes) -> Request:
    """Read what a request says in the clear.

    Raises:
        ByHandError: it is none.
    """
    if len(raw) > REQUEST_MAX_BYTES:
        raise ByHandError("依頼のファイルではありません", f"not a unit's request: {len(raw)} bytes")
    try:
        return _REQUEST_READER.decode(raw)
    except BAD_JSON as error:
        raise ByHandError("依頼のファイルではありません", f"not a unit's request: {error}") from error


def request_id(raw: bytes) -> str:
    """Return by what an answer names the request that it answers.

    Raises:
        ByHandError: it is none.
    """
    return hashlib.sha256(read_request(raw).sealed.encode()).hexdigest()


def open_request(raw: bytes, town: str, key: X25519PrivateKey, check: chain.Check = chain.check_signature) -> Asked:
    """Open a request with the town's secret key; what it asks for is looked at by whoever lets units in.

    Raises:
        ByHandError: for another town, changed on its way, or not by the unit that it names.
    """
    request = read_request(raw)
    if request.town != town:
        raise ByHandError(
            f"これは {request.town} あての依頼です。ここは {town} です",
            f"this request is for {request.town}, and this is {town}",
        )
    try:
        opened = SUITE.decrypt(raw_bytes(request.sealed), key, _about(_REQUEST, town, request.unit))
        asked = _ASKED_READER.decode(opened)
        proven = answer_proof(asked.request, asked.answer_to)
        check(raw_bytes(asked.request.key), proven, raw_bytes(asked.proof))
    except (InvalidTag, *BAD_JSON, MessageError, chain.SealError) as error:
        raise ByHandError(
            "依頼がとちゅうで変わったか、別の町の鍵で封じてあります。本体でもう一度作ってください",
            "the request was changed on its way, or sealed for another key than this town's;"
            " have the unit write it again",
        ) from error
    if asked.request.unit != request.unit:
        raise ByHandError("依頼の中身が表書きとちがいます", "it asks for another unit than it says outside")
    return asked


def seal_answer(enrolment: Enrolment, request: bytes, answer_to: str, at: int, signer: chain.Signer) -> bytes:
    """Return the answer to a request as a file, signed by the town and sealed for whoever made the request.

    Raises:
        ByHandError: the request names no key to seal for.
    """
    asked = request_id(request)
    try:
        key = X25519PublicKey.from_public_bytes(raw_bytes(answer_to))
    except (ValueError, MessageError) as error:
        raise ByHandError("依頼に返事用の鍵がありません", f"the request has no key for the answer: {error}") from error
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.json.encode(enrolment))
    about = _about(_ANSWER, enrolment.town, enrolment.unit, asked)
    sealed = text(SUITE.encrypt(packed, key, about))
    return sign(Admission(enrolment.town, enrolment.unit, enrolment.epoch, asked, at, sealed), signer) + b"\n"


def read_answer(raw: bytes, town_key: bytes, check: chain.Check = chain.check_signature) -> Admission:
    """Read what an answer says in the clear, if the town has signed it.

    Raises:
        ByHandError: it is none, or was changed.
    """
    try:
        if len(raw) > ANSWER_MAX_BYTES:
            raise MessageError(f"{len(raw)} bytes")
        return open_signed(raw, Admission, town_key, check)
    except MessageError as error:
        raise ByHandError(
            "この町の返事ではないか、とちゅうで変わっています。役場で作りなおしてください",
            f"not an answer of this town, or changed on its way ({error}); have the office write it again",
        ) from error


def open_answer(admission: Admission, key: X25519PrivateKey) -> Enrolment:
    """Open an answer with the key that was drawn for its request.

    Raises:
        ByHandError: it is sealed for another key, or holds something else than it says.
    """
    about = _about(_ANSWER, admission.town, admission.unit, admission.request)
    try:
        packed = SUITE.decrypt(raw_bytes(admission.sealed), key, about)
        enrolment = _ENROLMENT_READER.decode(_unpack(packed))
    except (InvalidTag, *BAD_JSON, MessageError, zstandard.ZstdError) as error:
        raise ByHandError("この返事は開けません", f"this answer cannot be opened here: {error}") from error
    said = (admission.town, admission.unit, admission.epoch)
    if (enrolment.town, enrolment.unit, enrolment.epoch) != said:
        raise ByHandError("返事の中身が表書きとちがいます", "it holds something else than it says outside")
    return enrolment


def _unpack(packed: bytes) -> bytes:
    """Undo the compression, never growing beyond the limit whatever the bytes claim."""
    if not 0 <= zstandard.frame_content_size(packed) <= ANSWER_MAX_BYTES:
        raise MessageError("it does not say its size, or is too large")
    return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)


def _about(kind: bytes, *words: str) -> bytes:
    """Return what a sealed file is bound to."""
    return kind + b"\0".join(word.encode() for word in words)
