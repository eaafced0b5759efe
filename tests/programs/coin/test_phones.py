"""A phone instead of a card: believed without a network, good for a minute, once at each unit, and within its rights.

Every code is shown in both spellings: the house's own, and that of shops' tills (EMV, consumer-presented mode).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.card import paper
from drivers.card.paper import Kind, Paper
from drivers.card.tokens import phone
from programs.coin.codes import cpm
from programs.coin.entries import Pay, money
from programs.coin.rules import CHARGE, PAY
from programs.coin.terms import Terms
from simulation.cards import ISSUER, Mint
from sync.cards import pseudonym
from sync.facts import CardState
from sync.program import Result, Wish
from tests.programs.coin.codes.test_cpm import OTHERS
from tests.programs.coin.street import SEED, Street

NUMBER = bytes(range(8))
DAYS = date(2020, 4, 1), date(2094, 4, 1)
Spell = Callable[[str], str]

both_spellings = pytest.mark.parametrize("spell", [str, cpm.write], ids=["own", "till"])


class Phone:
    """Somebody's phone in this street, with ¥5,000 that can be spent at both shops and the desk."""

    def __init__(self, street: Street, spell: Spell, *, issuer: paper.Signs | None = None) -> None:
        self.street, self.spell = street, spell
        self.key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.issuer = issuer or Mint(SEED)._issuer
        self.card = pseudonym(street.centre.card_key, "phone", NUMBER.hex())
        self.what = money(self.card)

    def code(self, days: tuple[date, date] = DAYS, key: Ed25519PrivateKey | None = None) -> str:
        public = self.key.public_key().public_bytes_raw()
        issued = paper.issue(Paper(Kind.PHONE, ISSUER, NUMBER, *days, public), self.issuer)
        now = datetime.fromtimestamp(self.street.clock.wall_ms() / 1000, UTC)
        return self.spell(phone.make(issued, key or self.key, now))

    def show(self, unit: str, wish: Wish, code: str = "") -> str:
        """Set a counter and hold the phone before its scanner; return the id of the words that the unit says."""
        tap = self.street.units[unit].running.tap
        tap.set(wish)
        shown = tap.show(code or self.code()) or tap.go_on(at_once=True)  # the town does not answer
        assert shown is not None
        return shown.message

    def fund(self) -> None:
        """Charge ¥5,000 at the desk, and let the town put ¥2,000 of it at each shop."""
        street, granter = self.street, self.street.centre.centre.granter
        assert self.show("desk01", Wish(CHARGE, 5000)) == "COI-031"
        street.talk("desk01")
        granter.recall(self.what, "desk01", 4000)
        street.talk("desk01")
        for unit in ("shop01", "shop02"):
            granter.grant(self.what, unit, 2000)
            street.talk(unit)
        street.clock.advance(10)


@pytest.fixture(params=[str, cpm.write], ids=["own", "till"])
def held(street: Street, request: pytest.FixtureRequest) -> Phone:
    mine = Phone(street, request.param)
    mine.fund()
    return mine


def paid(street: Street, unit: str) -> list[Pay]:
    street.talk(unit)
    segment = street.units[unit].running.opened.journal
    bodies = segment.select("SELECT CAST(body AS BLOB) FROM entry WHERE body LIKE '%coin.pay%' ORDER BY seq")
    register = street.centre.centre.town.register
    return [fact for (body,) in bodies if isinstance(fact := register.decode(body).fact, Pay)]


def test_a_phone_pays_as_a_card_does_and_is_said_to_be_a_token(held: Phone) -> None:
    street = held.street
    assert held.show("shop01", Wish(PAY, 1280)) == "COI-020"
    (fact,) = paid(street, "shop01")
    assert (fact.card, fact.yen, fact.proof, fact.points) == (held.card, 1280, "token", 120)
    street.clock.advance(70)
    assert held.show("shop01", Wish(PAY, 721)) == "COI-011", "more than what may be spent here"
    street.clock.advance(1)
    assert held.show("shop01", Wish(PAY, 720)) == "COI-020"
    street.talk("shop01")
    assert street.balance("shop/fish") == 2000


def test_a_code_pays_once_at_a_unit_and_no_longer_than_a_minute(held: Phone) -> None:
    street, code = held.street, held.code()
    assert held.show("shop01", Wish(PAY, 500), code) == "COI-020"
    street.clock.advance(1)
    assert held.show("shop01", Wish(PAY, 700), code) == "TAP-036"
    other = held.code()
    street.clock.advance(61)
    assert held.show("shop01", Wish(PAY, 700), other) == "TAP-036"
    assert [fact.yen for fact in paid(street, "shop01")] == [500]


def test_a_phone_that_is_held_there_a_little_longer_hears_the_same_again(held: Phone) -> None:
    street, code = held.street, held.code()
    tap = street.units["shop01"].running.tap
    tap.set(Wish(PAY, 500))
    first = tap.show(code)
    street.clock.advance(2)
    assert tap.show(code) == first
    noise = tap.show("https://example.com/")
    assert noise is not None
    assert noise.message == "TAP-010", "another code is another showing"
    street.clock.advance(4)
    late = tap.show(code)
    assert late is not None
    assert late.message == "TAP-036"
    assert len(paid(street, "shop01")) == 1


@pytest.mark.threat("phone's code filmed and shown elsewhere")
def test_after_a_start_the_code_is_not_good_again(held: Phone) -> None:
    street, code = held.street, held.code()
    assert held.show("shop01", Wish(PAY, 500), code) == "COI-020"
    street.units["shop01"].stop()
    street.units["shop01"].start()
    street.clock.advance(6)
    assert held.show("shop01", Wish(PAY, 700), code) == "TAP-036"
    assert held.show("shop01", Wish(PAY, 700)) == "COI-020", "the phone itself goes on"


@pytest.mark.threat(
    "phone's code filmed and shown elsewhere",
    control="It is good for a minute and once at each unit, also after a start. Each unit gives out only what was "
    "dealt to it beforehand, so no yen is spent twice; a town may cap what is paid at once without a card.",
    residual="Within its minute one showing can be used again at each other unit, for what that unit may give out of "
    "this phone's money: the holder's loss, never a shop's. A unit that does not know the time knows no minute.",
)
def test_a_replay_at_two_shops_without_a_network_costs_no_more_than_the_rights_at_each(held: Phone) -> None:
    """One showing, photographed and carried across the street within its minute: each shop pays out of its own share.

    The holder may lose what lies at the second shop, here ¥2,000; nobody is paid twice for the same yen, and no
    account goes below zero.
    """
    street, code = held.street, held.code()
    assert held.show("shop01", Wish(PAY, 1800), code) == "COI-020"
    street.clock.advance(30)
    assert held.show("shop02", Wish(PAY, 2001), code) == "COI-011"
    assert held.show("shop02", Wish(PAY, 2000), code) == "TAP-036", "even what was refused counts as shown"
    another = held.code()
    assert held.show("shop01", Wish(PAY, 100), another) == "COI-020"
    assert held.show("shop02", Wish(PAY, 2000), another) == "COI-020"
    street.talk("shop01", "shop02")
    assert (street.balance("shop/fish"), street.balance("shop/bakery")) == (1900, 2000)
    assert street.balance(f"coin/{held.card}/at/shop01/1") == 100
    assert street.balance(f"coin/{held.card}/at/shop02/1") == 0


@both_spellings
def test_what_the_town_or_the_phone_has_not_signed_pays_nothing(street: Street, spell: Spell) -> None:
    mine = Phone(street, spell)
    mine.fund()
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    forged = Phone(street, spell, issuer=stranger).code()
    refused = {
        forged: "TAP-033",
        mine.code(key=stranger): "TAP-033",
        mine.code(days=(date(2020, 4, 1), date(2021, 3, 31))): "TAP-032",
    }
    for code, message in refused.items():
        assert mine.show("shop01", Wish(PAY, 500), code) == message
    street.centre.centre.registrar.set_card(mine.card, CardState.STOPPED)
    street.talk("shop01")
    assert mine.show("shop01", Wish(PAY, 500)) == "TAP-031"
    assert paid(street, "shop01") == []


FOREIGN = dict.fromkeys(OTHERS.values(), (Result.HELP, "TAP-034"))
TORN = dict.fromkeys(("hQVDUFYwMW", "hQVDUFYwMWGB", "hQVDUFYwMWあ", "MACHI1:"), (Result.RETRY, "TAP-010"))


@pytest.mark.parametrize(("code", "said"), [*FOREIGN.items(), *TORN.items()])
def test_codes_of_other_payments_and_torn_ones_change_nothing(
    street: Street, code: str, said: tuple[Result, str]
) -> None:
    tap = street.units["shop01"].running.tap
    tap.set(Wish(PAY, 500))
    shown = tap.show(code)
    assert shown is not None
    assert (shown.result, shown.message) == said
    assert tap.wish.what == PAY, "the counter waits on"


def test_the_town_may_set_how_much_is_paid_at_once_without_a_card(held: Phone) -> None:
    street = held.street
    street.centre.centre.registrar.say([Terms(token_yen=1000)])
    street.talk("shop01", "desk01")
    assert held.show("shop01", Wish(PAY, 1001)) == "COI-012"
    street.clock.advance(1)
    assert held.show("shop01", Wish(PAY, 1000)) == "COI-020"
    street.hold("desk01", Wish(CHARGE, 3000))
    assert street.hold("desk01", Wish(PAY, 3000)) == "COI-020", "a card proves that it is here"
