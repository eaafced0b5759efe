"""What a page calls, and what it hears: the JSON between phone and centre, read and written in one place."""

import base64
import binascii
from typing import Annotated, Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from central.resident.draws import Draw
from central.resident.purse import NUMBER_PATTERN, NotPaidError, Sheet
from central.resident.seeing import PIXELS_MAX
from central.resident.words import refusal
from sync.entries import BAD_JSON

JSON: Final = "application/json"
PICTURE: Final = "application/octet-stream"
BODY_MAX: Final = 4_096
_KEY_BYTES: Final = 32
_STATUS: Final = {"session": 401, "link": 403, "stopped": 403, "often": 429, "request": 400, "full": 507}
_NOT_DONE: Final = 409  # understood, and refused by the books

Call = TypeVar("Call", bound=msgspec.Struct)


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone wants to be let in. `key`: its public key (32 bytes, base64); "" if its browser can make none."""

    code: Annotated[str, msgspec.Meta(max_length=64)]
    key: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code was read. `code`: what it says."""

    code: Annotated[str, msgspec.Meta(max_length=1_024)]


class Pay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants to pay: see `purse.Order`. `yen` may be anything that a page can send; only whole yen are paid."""

    number: Annotated[str, msgspec.Meta(pattern=NUMBER_PATTERN)]
    yen: Any
    code: Annotated[str, msgspec.Meta(max_length=1_024)] = ""
    place: Annotated[str, msgspec.Meta(max_length=32)] = ""


class Ticket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants a ticket of a draw, for points: see `draws.Wanted`."""

    number: Annotated[str, msgspec.Meta(pattern=NUMBER_PATTERN)]
    draw: Annotated[str, msgspec.Meta(max_length=32)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a payment? Nothing is paid by asking."""

    number: Annotated[str, msgspec.Meta(pattern=NUMBER_PATTERN)]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that says no more than that it is made."""


class Seen(msgspec.Struct, frozen=True):
    """What the code in a picture says; "" if there is none."""

    code: str


class Welcome(msgspec.Struct, frozen=True):
    """A phone is in. `paper`: what the town has signed about its key (base64), or ""."""

    paper: str


class Home(msgspec.Struct, frozen=True):
    """What the page shows at its beginning. `token`: to be sent with whatever changes something."""

    town: str
    town_en: str
    phone: str
    token: str
    sheet: Sheet
    draws: tuple[Draw, ...]


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_DECODERS: Final[dict[type[msgspec.Struct], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (In, Read, Pay, Ticket, Asked, Nothing)
}


async def body(request: Request, kind: type[Call]) -> Call:
    """Read what a page sends; a strange page cannot send this kind without being asked first.

    Raises:
        NotPaidError: it is too long, or something else.
    """
    raw = await _raw(request, JSON, BODY_MAX)
    try:
        read: Call = _DECODERS[kind].decode(raw)
    except BAD_JSON as error:
        raise NotPaidError("request") from error
    return read


async def picture(request: Request) -> bytes:
    """Read a picture that a page sends: see `seeing.read_code`.

    Raises:
        NotPaidError: as `body`.
    """
    return await _raw(request, PICTURE, PIXELS_MAX)


async def _raw(request: Request, kind: str, most: int) -> bytes:
    from_here = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    if request.headers.get("content-type") != kind or not from_here:
        raise NotPaidError("request")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise NotPaidError("request")
    return bytes(raw)


def public_key(text: str) -> bytes:
    """Return a phone's key; b"" if it has none.

    Raises:
        NotPaidError: this is no such key.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise NotPaidError("request") from error
    if len(key) not in {0, _KEY_BYTES}:
        raise NotPaidError("request")
    return key


def whole_yen(value: object, most: int) -> int:
    """Return an amount, if it is one.

    Raises:
        NotPaidError: it is no whole number of yen, or none that can be paid.
    """
    if type(value) is not int or not 1 <= value <= most:
        raise NotPaidError("amount", most=most)
    return value


def answer(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def refuse(error: NotPaidError) -> Response:
    """Return the answer that says why not."""
    return answer(refusal(error.why, **error.values), _STATUS.get(error.why, _NOT_DONE))
