"""The evening after the morning: the tills are closed, and the shop's unit is gone with what it could still give out.

By the commands and calls that a shopkeeper's page and the office use.
"""

from typing import Any

import msgspec

from demo.processes import machi_says
from demo.town import DemoTown, DemoUnit
from sync.program import Act


class Evening(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        closings: the tills' closings, each held against the entries that it covers.
        wrong_closings: those that are not what their entries add up to.
        in_suspense: yen that the lost unit could still have given out.
        made_whole: yen that the fund gave back to cardholders for it.
    """

    closings: int
    wrong_closings: int
    in_suspense: int
    made_whole: int

    @property
    def is_good(self) -> bool:
        return self.closings > 0 and not self.wrong_closings and self.in_suspense == self.made_whole > 0


def close_tills(town: DemoTown) -> None:
    """Let whoever stands behind each till close the day, as its page does."""
    for unit in town.units.values():
        if unit.stand.is_till:
            unit.press("act", Act("close", is_sure=True))


def lose(town: DemoTown, unit: DemoUnit) -> Evening:
    """Let a unit be gone for good, and make cardholders whole; return what the books say then."""
    unit.uplink.stop()
    unit.daemon.stop()
    unit.road.cut()
    del town.units[unit.stand.unit]
    closings = office(town, "closings")["closings"]
    office(town, "after-loss", "--wait-days", "0")
    lost = office(town, "lost", unit.stand.unit, "--reason", "burnt", "--yes")
    whole = office(town, "make-whole", unit.stand.unit, "--yes")
    return Evening(
        closings=len(closings),
        wrong_closings=sum(bool(one["wrong"]) for one in closings),
        in_suspense=sum(card["in_suspense"] for card in lost["cards"]),
        made_whole=whole["yen"],
    )


def office(town: DemoTown, command: str, *arguments: str) -> dict[str, Any]:
    """Run a command of the coin's office; return what it said."""
    return machi_says("central", "coin", command, town.central, *arguments)
