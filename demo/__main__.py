"""`python -m demo [--once]`: see the package."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from demo.double import copy_and_find
from demo.evening import close_tills, lose
from demo.page.app import serve
from demo.payday import pay
from demo.processes import StartError
from demo.script import Morning
from demo.town import PASSWORD, DemoTown, Ports, PortTakenError
from demo.verdict import judge
from drivers.card.sim.pcscd import PrivatePcscdError

SEND_S = 30.0
FEWEST_TAPS = 40


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="run a script without a browser, and judge it")
    parser.add_argument("--folder", type=Path, default=Path("var/demo"), help="where everything is left behind")
    parser.add_argument("--port", type=int, default=8080, help="the console's port; the others follow from it")
    options = parser.parse_args()
    ports = Ports.from_console(options.port)
    signal.signal(signal.SIGTERM, _interrupt)  # ends what it started, as Ctrl-C does
    try:
        return once(options.folder, ports) if options.once else stay(options.folder, ports)
    except (StartError, PortTakenError, PrivatePcscdError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 0


def once(folder: Path, ports: Ports) -> int:
    """Run the script; print the verdict as one JSON object."""
    with DemoTown(folder, ports, say) as town:
        morning = Morning(town, say)
        morning.run()
        say("the tills are closed")
        close_tills(town)
        if not town.wait_until_sent(SEND_S):
            say("something was still not sent after half a minute")
        say("the shop's unit is gone for good; its cardholders are made whole")
        lib, shop = town.units["lib01"], town.units["shop01"]
        evening = lose(town, shop)
        say("the library's box is copied, and both are switched on")
        doubled = copy_and_find(town, lib, shop, morning.touch)
        town.wait_until_sent(SEND_S)
    verdict = judge(folder, morning.taps)
    say("pay day, by a clock that is set ahead")
    parts = {"phone": morning.by_phone, "evening": evening, "doubled": doubled, "payday": pay(folder)}
    told = {"asked_back": morning.asked_back, "delivered_twice": morning.delivered_twice}
    print(msgspec.json.encode(msgspec.structs.asdict(verdict) | told | parts).decode())
    is_good = verdict.is_good and all(told.values()) and all(part and part.is_good for part in parts.values())
    return 0 if is_good and verdict.taps >= FEWEST_TAPS else 2


def stay(folder: Path, ports: Ports) -> int:
    """Run the town until Ctrl-C, with the page on which cards are held."""
    with DemoTown(folder, ports, say) as town:
        phone = town.link("hanako")
        say("")
        say(f"hold a card:  http://127.0.0.1:{ports.page}")
        say(f"the centre:   http://127.0.0.1:{ports.console}")
        for one in town.visitors:
            say(f"  {one.account.en}: {one.account.name}")
        say(f"  password: {PASSWORD}  digits: on the page above")
        say(f"Hanako's phone, once: {phone}")
        for unit in town.units.values():
            say(f"{unit.stand.name_en + ':':13} http://127.0.0.1:{unit.screen}")
        say("Ctrl-C ends everything")
        serve(town, ports.page, phone)
        say("ending…")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
