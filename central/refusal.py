"""How the centre says no: one error, made of a reason that a program branches on and a sentence for a person."""

from typing import Final

from sync.messages import Head, Problem, Why

_TITLES: Final = {
    Why.GAP: (409, "Something before this is missing"),
    Why.FORK: (409, "The same entry with other bytes is here already"),
    Why.UNKNOWN_HEAD: (409, "The entry to go on from is not known here"),
    Why.SUSPENDED: (403, "This unit is suspended"),
    Why.NOT_ENROLLED: (401, "No valid device certificate of this town"),
    Why.EXPIRED: (401, "The device certificate ran out"),
    Why.NOT_YOURS: (403, "Not a journal of this town"),
    Why.BAD_CODE: (403, "The one-time code is wrong, used, or too old"),
    Why.BAD_SEAL: (422, "The signature does not verify"),
    Why.BAD_SEGMENT: (400, "Not a segment"),
    Why.BAD_REQUEST: (400, "Not a request that is understood here"),
    Why.TOO_LARGE: (413, "Too large"),
    Why.WRONG_TYPE: (415, "A body of another kind than this call takes"),
    Why.NOT_OFFERED: (404, "No such system is offered to this unit"),
    Why.FULL: (507, "No room left at the centre"),
}


class RefusedError(Exception):
    """A request is refused; nothing that it carried was stored, but for evidence of a fork."""

    def __init__(self, why: str, detail: str, heads: tuple[Head, ...] = ()) -> None:
        status, title = _TITLES[why]
        super().__init__(f"{title}: {detail}")
        self.problem = Problem(type=why, title=title, status=status, detail=detail, heads=heads)
