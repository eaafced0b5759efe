"""One part of a code that is made of parts."""

import msgspec


class Element(msgspec.Struct, frozen=True):
    """`tag`: as the standard numbers it ("54", "01"). `parts`: of an element that is a template, else empty."""

    tag: str
    value: str
    parts: tuple["Element", ...] = ()


class BadCodeError(ValueError):
    """The code is not what it claims to be; the message says why."""
