"""A shop that owns its unit, with its key and its disk, and wants more than what happened at its counter."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
import sqlalchemy as sa

from central import reconcile, store
from central.audit import audit
from central.console.books import Books
from central.incidents import open_ones
from central.refusal import RefusedError
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync import chain
from sync.entries import Fact
from sync.facts import (
    CardSet,
    CardState,
    Enrolled,
    FaceKey,
    Gap,
    Key,
    Order,
    PlaceNamed,
    Town,
    TwinKey,
    UnitSet,
    UnitState,
)
from sync.messages import Why, text
from sync.segment import from_text, unpack
from sync.twin import ALG
from tests.central.pen import Pen, touch

ROW = pytest.mark.threat("malicious shop")
CARD = "0a" * 16


@pytest.fixture
def shop() -> Pen:
    """A shop's unit, in a town with a library and a stopped card."""
    centre = open_sim_centre(Clock(), "shop")
    for place in ("library", "fishshop"):
        name_place(centre, place)
    Pen.enrolled(centre, "lib01", "the library's")
    pen = Pen.enrolled(centre, "fish01", "the shop's own")
    centre.registrar.set_card(CARD, CardState.STOPPED)
    pen.send(pen.begin(touch(1, place="fishshop"), touch(2, place="fishshop")))
    centre.reconciler.catch_up()
    return pen


def said(pen: Pen) -> dict[str, str]:
    """Return what the centre believes that the town has said."""
    pen.centre.reconciler.catch_up()
    with store.reading(pen.centre.engine) as connection:
        rows = connection.execute(sa.select(reconcile.said.c.key, reconcile.said.c.state))
        return {row.key: row.state for row in rows}


def visits(pen: Pen) -> dict[str, int]:
    pen.centre.reconciler.catch_up()
    return dict(pen.centre.reconciler.figures()["visits"])


def held(pen: Pen) -> list[bytes]:
    """Return every entry of the shop that the centre holds."""
    table = store.segment
    with store.reading(pen.centre.engine) as connection:
        asked = sa.select(table.c.packed).where(table.c.writer == pen.unit).order_by(table.c.n)
        return [body for packed in connection.execute(asked).scalars() for body in from_text(unpack(packed)).bodies]


def incidents(pen: Pen) -> list[str]:
    with store.reading(pen.centre.engine) as connection:
        return [row["kind"] for row in open_ones(connection)]


# ---------------------------------------------------------------------------------------------- the town's words


LIES: dict[str, Fact] = {
    "a town of its own": Town("偽町", "Fake", "99-9999", 540, {"fake.1": text(bytes(32))}),
    "another name for a place": PlaceNamed("library", "魚屋", "さかなや", "Fish shop"),
    "another place for a unit": UnitSet("lib01", "fishshop", "facility"),
    "a stopped card started": CardSet(CARD, CardState.ACTIVE),
    "a face of its own": FaceKey("0b" * 16, text(bytes(32))),
    "another key for twins": TwinKey(ALG, text(bytes(32))),
    "an order to another unit": Order("lib01", 1, UnitState.CLOSED, "because"),
    "an order to itself": Order("fish01", 7, UnitState.ACTIVE, "because"),
    "a key for itself": Enrolled("lib01", 2, Key(chain.ALG, text(bytes(32)))),
}


@pytest.mark.threat(
    "malicious shop",
    control="A unit signs in its own name only, and each entry names it. Of what only the town may say nothing is "
    "believed of a unit. What was delivered can be neither changed, taken back nor counted twice; trying it opens an "
    "incident, and two versions of one entry suspend the unit.",
    residual="Whoever controls a unit can write visits that nobody made, also at another place, and take back what "
    "he has not delivered yet, unless there is a counter outside the disk: entries hold no proof by the card. They "
    "count as that unit's, and can be told by their unit. Payments it can make up to what was granted to it, and no "
    "further; of cards with a counter none at all.",
)
@pytest.mark.parametrize("lie", LIES)
def test_what_only_the_town_may_say_is_not_believed_of_a_unit(shop: Pen, lie: str) -> None:
    """It is kept, because it was signed, as what this unit has said; and it changes nothing."""
    before, books = said(shop), Books(shop.centre.engine, shop.centre.town.register)
    lines, town = books.units(), books.town()
    shop.send(shop.write(LIES[lie], touch(2, place="fishshop")))
    assert said(shop) == before
    assert books.town() == town
    changed = [(one, two) for one, two in zip(lines, books.units(), strict=True) if one.place_name != two.place_name]
    assert changed == []
    assert audit(shop.centre.engine, shop.centre.town).unfounded == ()


# ---------------------------------------------------------------------------------------------- its own past


def says_it_again(shop: Pen) -> str:
    """Deliver the same touches once more, in a new boot and under new numbers."""
    for _ in range(3):
        shop.send(shop.begin(touch(1, place="fishshop"), touch(2, place="fishshop")))
    return ""


def takes_the_last_back(shop: Pen) -> str:
    """Put the disk back to before the last delivery, and go on from there."""
    old = shop.place
    shop.send(shop.write(touch(3, place="fishshop")))
    shop.send(shop.begin(touch(4, place="fishshop"), after=old))
    return "rollback"


def rewrites_it(shop: Pen) -> str:
    """Say something else under the number of what was delivered."""
    earlier = replace(shop, seq=shop.seq - 1, head=_before_last(shop))
    with pytest.raises(RefusedError) as error:
        earlier.send(earlier.write(touch(9, place="fishshop")))
    assert error.value.problem.type == Why.FORK
    return "fork"


def begins_anew(shop: Pen) -> str:
    """Throw the journal away, as if the disk had been lost."""
    shop.send(shop.begin(touch(5, place="fishshop"), fresh=True))
    return "restart"


def declares_it_lost(shop: Pen) -> str:
    """Say that what was delivered had been damaged."""
    gap = Gap(of=shop.boot, first=2, last=3, prev=shop.head.hex(), cause="water")
    shop.send(shop.begin(gap))
    return "damage"


def runs_two(shop: Pen) -> str:
    """Let two machines write, so that one of them can be thrown away."""
    twin = replace(shop, boots=shop.boots + 100)
    shop.send(shop.begin(touch(6, place="fishshop")))
    twin.send(twin.begin(touch(7, place="fishshop")))
    shop.send(shop.write(touch(8, place="fishshop")), twin.fence)
    return "clone"


def _before_last(shop: Pen) -> bytes:
    hashes = chain.links(chain.ORIGIN, held(shop))
    assert hashes[-1] == shop.head
    return hashes[-2]


@ROW
@pytest.mark.parametrize(
    "deed",
    [says_it_again, takes_the_last_back, rewrites_it, begins_anew, declares_it_lost, runs_two],
    ids=lambda deed: str(deed.__name__),
)
def test_what_was_delivered_stays_and_counts_once(shop: Pen, deed: Callable[[Pen], str]) -> None:
    before, counted = held(shop), visits(shop)["visits"]
    incident = deed(shop)
    assert held(shop)[: len(before)] == before, "nothing that was delivered is gone or changed"
    new = [body for body in held(shop)[len(before) :] if b"visits.touch" in body]
    days = {msgspec.json.decode(body)["day"] for body in new} - {1, 2}
    assert visits(shop)["visits"] == counted + len(days), "one card, one place, one day: one visit"
    assert (incident in incidents(shop)) if incident else not incidents(shop)
    checked = audit(shop.centre.engine, shop.centre.town)
    assert (checked.broken, checked.unfounded) == ((), ())
    (line,) = [unit for unit in Books(shop.centre.engine, shop.centre.town.register).units() if unit.name == "fish01"]
    assert (line.state == UnitState.SUSPENDED) == (incident in ("fork", "clone"))


@ROW
def test_what_nobody_did_counts_as_this_units_and_is_told_by_its_name(shop: Pen) -> None:
    """This is what remains: an entry says which unit wrote it, and nothing says that a card was there."""
    shop.send(shop.write(*(touch(3, card=f"{n:032x}", place="library") for n in range(50))))
    assert visits(shop)["visits"] == 2 + 50
    assert all(b'"unit":"fish01"' in body for body in held(shop))
