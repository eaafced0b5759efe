"""What is said of a draw: its rules, orders and tickets, its frozen list, and how it was drawn. No names."""

from typing import Annotated, Final

import msgspec

from sync.entries import Card, Count, Fact, HashHex, Ref, UnitName
from sync.rights import Moves

DrawId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
TicketRef = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
Holder = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]  # a card, or a number on paper: no name
SignatureHex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{96}$")]
By = UnitName  # an account at the console, by its name
Yen = Annotated[int, msgspec.Meta(ge=0, le=10**10)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Remark = Annotated[str, msgspec.Meta(max_length=400)]
OrderId = Annotated[str, msgspec.Meta(max_length=80)]
TicketNo = Annotated[str, msgspec.Meta(min_length=1, max_length=37)]  # with the running number, if it has one

TICKETS_MAX: Final = 9_999  # with one entry, and for one person


class Prize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of one prize; `yen`: what one is worth at a shop."""

    ja: Words
    en: Words
    yen: Yen
    count: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Rules(msgspec.Struct, frozen=True):
    """Everything about a draw that is published before it. The order of the fields is that of the published document.

    Attributes:
        basis: "open", "general" or "joint": by what part of 景品表示法 its prizes are judged (`law`).
        sales_yen: what the draw's campaign is expected to sell; 0: nothing is sold.
        purchase_yen: the purchase with which one gets a ticket; 0: none is needed.
        prizes: in the order in which they are drawn.
        alternates: how many more are drawn, to come after those who do not come.
        cost_points: what a ticket costs, in points. Tickets are never sold for money.
        cap: the most tickets of one person.
        close_at: when no more tickets are given out (Unix seconds).
        algorithm: by which the winners follow from list and randomness (`drawing`).
        chain, round: the public source of randomness, and its one output that counts.
        fallback: what is done if that output never comes.
        verifier: where the checker is found.
        key_sha256: of the key that turns holders into the tags of the list; it binds the office to that key.
        note: who looked at warnings of the law, and why they stand.
    """

    draw: DrawId
    title_ja: Words
    title_en: Words
    basis: Annotated[str, msgspec.Meta(pattern="^(open|general|joint)$")]
    sales_yen: Yen
    purchase_yen: Yen
    prizes: Annotated[tuple[Prize, ...], msgspec.Meta(min_length=1, max_length=20)]
    alternates: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    cost_points: Count
    cap: Annotated[int, msgspec.Meta(ge=1, le=TICKETS_MAX)]
    close_at: Count
    algorithm: Words
    chain: HashHex
    round: Count
    fallback: Remark
    verifier: Remark
    key_sha256: HashHex
    note: Remark = ""

    @property
    def places(self) -> int:
        """How many are to win something."""
        return sum(prize.count for prize in self.prizes)


class Announced(Fact, frozen=True, tag="lottery.announced"):
    """The rules of a draw were published. `key`: what the tags in its list are made with; for auditors only."""

    rules: Rules
    key: HashHex

    @property
    def draw(self) -> str:
        return self.rules.draw


class Opened(Fact, frozen=True, tag="lottery.open"):
    """What units hear of a draw whose tickets can be ordered for points: what one costs, how many, and until when."""

    draw: DrawId
    title_ja: Words
    title_en: Words
    cost_points: Count
    cap: Annotated[int, msgspec.Meta(ge=1, le=TICKETS_MAX)]
    close_at: Count


class Ordered(Fact, frozen=True, tag="lottery.order"):
    """Somebody has ordered tickets by holding a card to a unit. Whether there are the points for them, the office says.

    Attributes:
        day: days since 1970-01-01 by the town's calendar, as the unit saw it.
        proof: what the card proved: "card" or "pin".
    """

    draw: DrawId
    card: Card
    count: Annotated[int, msgspec.Meta(ge=1, le=TICKETS_MAX)]
    place: Ref
    day: int
    proof: str


class Tickets(Fact, frozen=True, tag="lottery.tickets"):
    """Somebody has so many tickets. `ref`: the number of this purchase, by which the tickets are numbered.

    Attributes:
        points: what was taken for all of them; 0: nothing, or what the desk saw to.
        order: the unit's entry that ordered them (unit/boot/seq), or "@" and the number of the page that did; or "".
    """

    draw: DrawId
    ref: TicketRef
    holder: Holder
    count: Annotated[int, msgspec.Meta(ge=1, le=TICKETS_MAX)]
    points: Count = 0
    order: OrderId = ""


class Closed(Fact, frozen=True, tag="lottery.closed"):
    """The list is frozen. `frozen_sha256`: of the document that says so, with the root of the list.

    `by`: the account of who said so; "" where that was not asked.
    """

    draw: DrawId
    tickets: Count
    frozen_sha256: HashHex
    by: By = ""


class Proposed(Fact, frozen=True, tag="lottery.propose"):
    """Somebody (`by`) says: draw, by this signature. Nobody has won anything before another one has said so, too."""

    draw: DrawId
    signature: SignatureHex
    by: By


class Drawn(Fact, frozen=True, tag="lottery.drawn"):
    """The winners were drawn, by the signature of the round that the rules name.

    `transcript_sha256`: of the document that says how; `previous`: of that of the draw before, or zeros. `proposed_by`,
    `by`: the two who said so; both are "" where one was enough, as it was once.
    """

    draw: DrawId
    signature: SignatureHex
    transcript_sha256: HashHex
    previous: HashHex
    proposed_by: By = ""
    by: By = ""


class Won(Fact, frozen=True, tag="lottery.won"):
    """A prize waits for the holder of a ticket. The office says it once, and then to the unit that hands it out."""

    draw: DrawId
    ticket: TicketNo
    holder: Holder
    prize_ja: Words
    prize_en: Words


class HandedOut(Moves, frozen=True, tag="lottery.handed"):
    """A unit has handed a prize to whoever held the winning card there; it had been granted that one prize."""

    card: Card
    draw: DrawId
    ticket: TicketNo
    place: Ref
    day: int
    proof: str

    @property
    def moves(self) -> tuple[str, int]:
        return prize_of(self.card), -1


class Collected(Fact, frozen=True, tag="lottery.collected"):
    """The office has handed a prize out itself: for a ticket on paper, or a card that is gone."""

    draw: DrawId
    ticket: TicketNo
    holder: Holder


class PassedOn(Fact, frozen=True, tag="lottery.passed"):
    """Nobody came for a prize: it goes to the next alternate (`to`)."""

    draw: DrawId
    ticket: TicketNo
    holder: Holder
    to: TicketNo


PRIZE_KIND: Final = "prize"


def prize_of(holder: str) -> str:
    """Return the thing of which rights say how many prizes a unit may hand to a holder."""
    return f"{PRIZE_KIND}/{holder}"


KINDS: Final = (Announced, Opened, Ordered, Tickets, Closed, Proposed, Drawn, Won, HandedOut, Collected, PassedOn)
"""Every kind of fact that this program writes."""
