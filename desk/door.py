"""Who is answered at the desk's port: one page of one console, as a browser vouches for it. Pure.

Whatever runs on this PC can reach the port, and so can every web page that is open on it. A browser says of each
request which site sent it (`Origin`), and lets no page choose that; before it sends JSON to another origin it asks
whether it may (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol). A site that gives its own name this machine's
address (DNS rebinding) is told apart by `Host`, which is then that name. Browsers that ask for leave into a "private
network" (Chromium until 141) are given it; later ones ask the person (https://wicg.github.io/local-network-access/).
"""

import re
from collections.abc import Mapping
from typing import Final

ADDRESS: Final = "127.0.0.1"
SENT_MAX: Final = 256
"""Bytes of what is sent: a secret of 14 digits, and little around it."""

_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?", re.ASCII)
_USUAL: Final = {"http": "80", "https": "443"}
_HERE: Final = ("127.0.0.1", "localhost", "[::1]")
_JSON: Final = "application/json"

Headers = Mapping[str, str]


class OriginError(ValueError):
    """This is no address of a console; the message says what one looks like."""


def origin(text: str) -> str:
    """Return the origin of a console's address, as browsers write it.

    Raises:
        OriginError: it is none, or could be imitated by whoever sits in the network between.
    """
    found = _ORIGIN.fullmatch(text.strip().lower().removesuffix("/"))
    if not found:
        raise OriginError("a console is named as https://console.example.jp, without anything behind it")
    scheme, host, port = found.groups()
    if scheme == "http" and host not in _HERE:
        raise OriginError("a console on another machine is reached by https; http is for this machine alone")
    return f"{scheme}://{host}" + (f":{port}" if port and port != _USUAL[scheme] else "")


def is_caller(headers: Headers, console: str, port: int) -> bool:
    """Whether a request comes from a page of the console, and by this very address."""
    return headers.get("host") == f"{ADDRESS}:{port}" and headers.get("origin") == console


def may_send(headers: Headers) -> int:
    """Return 200 if what is sent may be read, or else the HTTP status to answer with."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        return 415  # a form, which a browser sends without asking first
    length = headers.get("content-length", "")
    return 200 if length.isascii() and length.isdecimal() and int(length) <= SENT_MAX else 413


def leave(headers: Headers, console: str) -> dict[str, str]:
    """Return the headers that let the console's page read an answer; asked first (OPTIONS), also what it may send."""
    given = {"Access-Control-Allow-Origin": console, "Vary": "Origin"}
    if "access-control-request-method" in headers:
        given |= {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "content-type"}
        given["Access-Control-Max-Age"] = "0"  # asked every time: the program may be another one by then
    if headers.get("access-control-request-private-network") == "true":
        given["Access-Control-Allow-Private-Network"] = "true"
    return given
