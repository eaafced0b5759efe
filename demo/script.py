"""A morning in the demo town, by itself: residents come and go, and everything goes wrong once.

Residents charge cash at the town hall's desk and pay at the fish shop. Cards are held to three readers at a time. The
bus drives out of reach for half of its touches and comes back; the shop loses its network and sells on; its unit is
killed in the middle of a payment and started again; what it may give out is asked back while it cannot hear; a card is
pulled away while it is read; a segment is delivered twice.
"""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import httpx
import msgspec

from appliance.config import read_config
from appliance.uplink.certificate import Tls
from demo.phone import PaidByPhone, pay_by_phone
from demo.processes import machi, machi_says, wait_for
from demo.residents import REGISTERED
from demo.town import DemoTown, DemoUnit
from sync.messages import SEGMENT_TYPE
from sync.program import Result, Wish
from sync.segment import pack, split

OK: Final = Result.OK_PAY.value
ROUNDS: Final = 7  # touches at each unit in each half
TOUCH_S_MAX: Final = 6.0
MONEY_S_MAX: Final = 30.0  # until money that was charged at the desk can be spent at a shop
CHARGED_YEN: Final = 3_000
SLOW_MS: Final = 150


class Morning:
    """Runs the script and counts the touches."""

    def __init__(self, town: DemoTown, say: Callable[[str], None]) -> None:
        self._town = town
        self._say = say
        self._count = itertools.count(1)
        self.taps = 0
        self.asked_back = 0  # yen that the shop's unit was asked for while it was out of reach
        self.delivered_twice = False
        self.by_phone: PaidByPhone | None = None

    def run(self) -> None:
        lib, shop, bus, hall = (self._town.units[name] for name in ("lib01", "shop01", "bus01", "hall01"))
        self._say(f"the town hall: everybody charges {CHARGED_YEN:,} yen")
        for person in REGISTERED:
            self._must(self._at_till(hall, person, Wish("charge", CHARGED_YEN)), OK, f"{person} charges at the desk")
        self._say("the town hall's line is down: somebody charges, and pays with it there at once")
        hall.road.cut()
        self._must(self._at_till(hall, "hanako", Wish("charge", 1_000)), OK, "a charge without a network")
        self._must(self._at_till(hall, "hanako", Wish("pay", 450)), OK, "a payment out of it")
        hall.road.mend()
        self._say("the fish shop: everybody buys something")
        for number, person in enumerate(REGISTERED):
            self._pay_at_last(shop, person, 300 + 10 * number)
        self._say("a phone is let in after a touch: it pays a bill from its page, and shows its own code at the shop")
        self.by_phone = pay_by_phone(self._town, "hanako", shop, lambda unit: (_heard(unit), _last_heard(unit)))
        self._say("first half: three readers at a time")
        self._together([(unit, self._people(number, 0)) for number, unit in enumerate((lib, shop, bus))])
        self._say("the bus drives out of reach, and the shop's line is down; a card is pulled away at the library")
        bus.road.cut()
        shop.road.cut()
        self._pulled_away(lib, "hanako")
        self.asked_back = self._drain(shop)
        self._say("second half: the bus and the shop go on by themselves")
        self._together([(unit, self._people(number, 1)) for number, unit in enumerate((lib, shop, bus))])
        self._say("the shop's unit is killed in the middle of a payment, and started again")
        self._killed(shop, "fumi")
        for stranger in ("guest", "copy", "expired", "transit"):
            self.touch(lib, stranger)
        self._say("a segment of the library is delivered a second time")
        self.delivered_twice = self._deliver_twice(lib)
        self._say("the bus and the shop come back")
        bus.road.mend()
        shop.road.mend()
        self._say("what the shop's unit was asked for has come back; the shop goes on")
        wait_for(lambda: not self._drain(shop), "money that was asked back did not come", MONEY_S_MAX)
        self._drain(shop, "--stop")
        self._pay_at_last(shop, "hanako", 210)

    def _drain(self, unit: DemoUnit, *more: str) -> int:
        """Have a unit give back what it may give out; return how much of that has not come back yet (yen)."""
        return int(machi_says("central", "unit", "drain", self._town.central, unit.stand.unit, *more)["holds"])

    def _people(self, unit: int, half: int) -> Sequence[str]:
        """Return who comes to a unit: each card lies on one reader at a time, and comes to another in the next half."""
        third = len(REGISTERED) // 3
        start = ((unit + half) % 3) * third
        some = REGISTERED[start : start + third]
        return [some[at % len(some)] for at in range(ROUNDS)]

    def _together(self, visits: Sequence[tuple[DemoUnit, Sequence[str]]]) -> None:
        failures: list[Exception] = []

        def at(unit: DemoUnit, people: Sequence[str]) -> None:
            try:
                for person in people:
                    self._serve(unit, person)
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                failures.append(error)

        threads = [threading.Thread(target=at, args=visit) for visit in visits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _serve(self, unit: DemoUnit, resident: str) -> None:
        if unit.stand.is_till:
            self._at_till(unit, resident, Wish("pay", 110, is_sure=True))
        else:
            self.touch(unit, resident)

    def _at_till(self, unit: DemoUnit, resident: str, wish: Wish) -> str:
        """Set a counter as whoever stands behind it does, and hold a card there; return what was heard."""
        unit.press("wish", wish)
        return self.touch(unit, resident)

    def _pay_at_last(self, unit: DemoUnit, resident: str, yen: int) -> None:
        """Pay at a shop that may have to ask for the money first: it comes from the desk within a few contacts."""
        until = time.monotonic() + MONEY_S_MAX
        while self._at_till(unit, resident, Wish("pay", yen)) != OK:
            if time.monotonic() > until:
                raise TimeoutError(f"{resident} has money and cannot pay at {unit.stand.unit}")

    def _must(self, heard: str, wanted: str, what: str) -> None:
        if heard != wanted:
            raise ValueError(f"{what}: {heard} was heard")

    def touch(self, unit: DemoUnit, resident: str, sounds: int = 2) -> str:
        """Hold a card there until something is heard, as people do, and take it away; return what it was.

        Args:
            sounds: a unit says first that it reads, and then what came of it; one that is stopped says so at once.
        """
        self.taps = next(self._count)
        heard = _heard(unit)
        self._town.hold(resident, unit.stand.reader)
        otherwise = f"nothing was heard of {resident} at {unit.stand.unit}"
        wait_for(lambda: _heard(unit) >= heard + sounds, otherwise, TOUCH_S_MAX)
        self._take_away(unit)
        return _last_heard(unit)

    def _take_away(self, unit: DemoUnit) -> None:
        self._town.take_away(unit.stand.reader)
        time.sleep(0.5)  # pcscd looks at a virtual reader every 400 ms; a card that comes back sooner never left

    def _pulled_away(self, unit: DemoUnit, resident: str) -> None:
        self.taps = next(self._count)
        heard = _heard(unit)
        self._town.hold(resident, unit.stand.reader)
        self._town.pcscd.table.remove_after(unit.stand.reader, 1)
        wait_for(lambda: _heard(unit) > heard + 1, "nothing was heard of a card that was pulled away", TOUCH_S_MAX)
        self._take_away(unit)
        self.touch(unit, resident)

    def _killed(self, unit: DemoUnit, resident: str) -> None:
        """Kill a shop's unit while somebody pays; whoever holds the card there again hears what became of it."""
        wish = Wish("pay", 130)
        self.taps = next(self._count)
        unit.press("wish", wish)
        heard = _heard(unit)
        self._town.hold(resident, unit.stand.reader)
        self._town.pcscd.table.slow(unit.stand.reader, SLOW_MS)
        wait_for(lambda: _heard(unit) > heard, "the unit did not begin to read", TOUCH_S_MAX)
        time.sleep(SLOW_MS / 1000)
        unit.daemon.kill()
        self._take_away(unit)
        unit.start_daemon()
        self._at_till(unit, resident, wish)

    def _deliver_twice(self, unit: DemoUnit) -> bool:
        """Post the first segment of a journal once more, as the unit itself would; return whether it was welcome."""
        path = unit.folder.parent.parent / f"{unit.stand.unit}.segments"
        path.unlink(missing_ok=True)
        machi("unit", "export", unit.folder, path, "--segments")
        first = split(path.read_bytes())[0]
        return _post(unit.folder, pack(first))


def _post(folder: Path, packed: bytes) -> bool:
    config, tls = read_config(folder), Tls(folder / "tls")
    with httpx.Client(base_url=config.uplink.url, verify=tls.context(), trust_env=False) as http:
        answer = http.post("/v1/journal", content=packed, headers={"Content-Type": SEGMENT_TYPE})
        return answer.is_success


def _heard(unit: DemoUnit) -> int:
    path = unit.folder / "heard.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _last_heard(unit: DemoUnit) -> str:
    lines = (unit.folder / "heard.jsonl").read_bytes().splitlines()
    return str(msgspec.json.decode(lines[-1])["earcon"])
