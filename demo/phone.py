"""A resident's phone in the demo: let in by a link after a touch, as the page does it, with a key of its own.

It pays the bill on a counter's screen by HTTP, and shows its code to a shop's scanner.
"""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.resident.app import TOKEN_HEADER
from demo.processes import wait_for
from demo.town import NETWORK, TOWN, DemoTown, DemoUnit
from drivers.card.tokens import phone
from programs.coin import bills
from sync.facts import PlaceNamed
from sync.program import Result, Wish

BILL_YEN: Final = 520
CODE_YEN: Final = 240
PATIENCE_S: Final = 30.0  # until money that lies elsewhere has come
_ANOTHER_S: Final = 1.1  # a phone's code is newer than the one before by a second
_NUMBER: Final = "d0" * 16  # as the page draws one for each payment

LastHeard = Callable[[DemoUnit], tuple[int, str]]
"""Returns how often something was heard at a unit, and what it was last."""


class PaidByPhone(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        bill: yen that were paid from the page.
        said: the counter that showed the bill said so by itself.
        once: the same order, sent once more, was the same payment.
        code: yen that were paid by showing the phone's code.
        spent: by so much less stood on the page afterwards.
    """

    bill: int
    said: bool
    once: bool
    code: int
    spent: int

    @property
    def is_good(self) -> bool:
        return self.said and self.once and self.bill == self.spent > 0 < self.code


class DemoPhone:
    """One phone."""

    def __init__(self, link: str) -> None:
        address, _, code = link.partition("/in#")
        self._key = Ed25519PrivateKey.generate()
        self._http = httpx.Client(base_url=address, trust_env=False)
        public = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()
        self._paper = base64.b64decode(self._call("/in", {"code": code, "key": public})["paper"])
        self._http.headers[TOKEN_HEADER] = self._home()["token"]

    def close(self) -> None:
        self._http.close()

    @property
    def usable(self) -> int:
        """What stands on the page."""
        return int(self._home()["sheet"]["usable"])

    def code(self) -> str:
        """Return what the phone shows now."""
        return phone.make(self._paper, self._key, datetime.now(UTC))

    def pay(self, code: str) -> Any:
        """Pay what a code asks for; the money may have to be fetched from the machines at which it lies."""
        yen = self._call("/read", {"code": code})["yen"]
        return self.send({"number": _NUMBER, "yen": yen, "code": code})

    def send(self, order: dict[str, Any]) -> Any:
        found: list[Any] = []

        def is_paid() -> bool:
            found.append(self._call("/pay", order))
            return bool(found[-1]["entry"])

        wait_for(is_paid, "the money of a phone did not come", PATIENCE_S)
        return found[-1]

    def _home(self) -> Any:
        return self._http.get("/home").raise_for_status().json()

    def _call(self, path: str, said: dict[str, Any]) -> Any:
        answer = self._http.post(path, json=said)
        if not answer.is_success:
            raise ValueError(f"{path}: {answer.text}")
        return answer.json()


def pay_by_phone(town: DemoTown, resident: str, shop: DemoUnit, last_heard: LastHeard) -> PaidByPhone:
    """Let a resident's phone in, and pay at a shop in both ways."""
    one = DemoPhone(town.link(resident))
    try:
        before, (heard, _) = one.usable, last_heard(shop)
        code = _show_bill(shop, BILL_YEN)
        paid = one.pay(code)
        wait_for(lambda: last_heard(shop)[0] > heard, "the counter did not say that its bill is paid", PATIENCE_S)
        again = one.send({"number": _NUMBER, "yen": BILL_YEN, "code": code})
        said, spent = last_heard(shop)[1] == Result.OK_PAY, before - one.usable
        shop.press("wish", Wish())
        wait_for(lambda: _pays(shop, one, last_heard), "the phone's code did not pay", PATIENCE_S)
        return PaidByPhone(paid["yen"], said, paid["entry"] == again["entry"], CODE_YEN, spent)
    finally:
        one.close()


def _show_bill(shop: DemoUnit, yen: int) -> str:
    """Set a counter, and return what a camera reads on its screen."""
    shop.press("wish", Wish("pay", yen))
    stand, name = shop.stand, shop.view()["till"]["bill"]
    place = PlaceNamed(stand.place, stand.name, stand.kana, stand.name_en)
    return bills.bill(NETWORK, TOWN, place, yen, name, stand.unit)


def _pays(shop: DemoUnit, one: DemoPhone, last_heard: LastHeard) -> bool:
    """Show the phone's code once; the money may first have to come to this shop."""
    heard, _ = last_heard(shop)
    shop.press("wish", Wish("pay", CODE_YEN, is_sure=True))
    shop.scan(one.code())
    wait_for(lambda: last_heard(shop)[0] > heard + 1, "the scanner did not hear a phone", PATIENCE_S)
    time.sleep(_ANOTHER_S)
    return last_heard(shop)[1] == Result.OK_PAY
