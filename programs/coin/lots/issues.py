"""Issues of gift certificates: money that may be spent at some shops only, in steps, up to a last day.

A certificate is a purse of its own beside the coin on the same card. The town says of each issue where it counts, and
every unit folds that, so a shop knows it without a network. Arithmetic only.
"""

from typing import Annotated, Final

import msgspec

from sync.entries import Count, Entry, Fact, Ref, Text
from sync.program import Fold
from sync.rights import Amount

ISSUES_READER: Final = "coin-issues"
_PLACES_MAX: Final = 300  # an entry has room for so many

IssueName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,18}$")]
AnIssue = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9-]{0,18})?$")]
"""The name of an issue; or "", for money that counts everywhere."""


class Issue(Fact, frozen=True, tag="coin.issue"):
    """What the office says of an issue; what it says last counts.

    Attributes:
        name: as people call it.
        places: where it can be spent.
        step_yen: it is spent in multiples of this.
        expires: the last day on which it can be spent (days since 1970-01-01); 0: for ever.
    """

    issue: IssueName
    name: Text
    places: Annotated[tuple[Ref, ...], msgspec.Meta(min_length=1, max_length=_PLACES_MAX)]
    step_yen: Amount = 1
    expires: Count = 0

    def has_run_out(self, day: int) -> bool:
        return 0 < self.expires < day


class Issued(msgspec.Struct, frozen=True):
    """What counts of an issue; None, if there is none. `when`: (time by the centre, boot, seq), as for the terms."""

    issue: Issue | None = None
    when: tuple[int, str, int] | None = None


def _key(entry: Entry) -> str:
    return entry.fact.issue if isinstance(entry.fact, Issue) else ""


def _fold(issued: Issued, entry: Entry) -> Issued:
    when = (entry.at, entry.boot, entry.seq)
    if not isinstance(entry.fact, Issue) or (issued.when and when < issued.when):
        return issued
    return Issued(entry.fact, when)


ISSUES: Final[Fold[Issued]] = Fold(
    name=ISSUES_READER,
    kinds=(Issue,),
    state=Issued,
    empty=Issued(),
    key=_key,
    fold=_fold,
    samples=(Issue("summer-2026", "夏の商品券", ("fish", "bakery"), 500, 20_810),),
)
