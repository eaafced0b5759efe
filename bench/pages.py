"""How long the console's pages take with a year of a town in its books: all that the menu has, a unit, and an entry."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from bench.report import median, ms, percentile, row, title
from central.centre import Centre
from tests.browser.serving import ConsoleServing

AIM_MS: Final = 300
LOOKS: Final = 40
_MENU: Final = re.compile(r"<nav.*?</nav>", re.DOTALL)
_LINK: Final = re.compile(r'href="(/[^"]*)"')


def measure(centre: Centre, bare: Callable[[], object], more: Mapping[str, str]) -> None:
    """Look at each page as somebody who may see all of them.

    Args:
        bare: a query whose work is the limit.
        more: further addresses, by name.
    """
    title(f"Pages of the console, {LOOKS} looks each; aim p95 {AIM_MS} ms")
    limit = median([_look(bare)[1] for _ in range(LOOKS // 4)])
    row("bare query: the rows of the month", ms(limit), "the limit")
    serving = ConsoleServing(centre).open()
    with httpx.Client(base_url=serving.url, cookies=serving.cookies(), trust_env=False, timeout=60) as client:
        for name, address in {**_menu(client), **more}.items():
            client.get(address).raise_for_status()
            looks = [_look(lambda address=address: client.get(address)) for _ in range(LOOKS)]  # type: ignore[misc]
            times, work = [look[0] for look in looks], [look[1] for look in looks]
            remark = f"p95; p50 {ms(median(times))}, {limit / median(work):.2f} of the limit"
            row(name, ms(percentile(times, 0.95)), f"{remark}; the work itself p95 {ms(percentile(work, 0.95))}")
    serving.close()


def _menu(client: httpx.Client) -> dict[str, str]:
    """Return what the menu leads to, and of units and entries the first that the home page shows."""
    home = client.get("/").raise_for_status().text
    menu = _MENU.search(home)
    links = _LINK.findall(menu[0]) if menu else []
    found = [next(one for one in _LINK.findall(home) if one.startswith(part)) for part in ("/units/", "/entries/")]
    return {address: address for address in (*links, *found)}


def _look(do: Callable[[], Any]) -> tuple[float, float]:
    """Return how long it took by the clock on the wall, and of that the processor's time."""
    began, worked = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - began, time.process_time() - worked
