"""The cards of a simulated town: service passes and children's tags grown from the seed, and cards of strangers."""

import base64
import hashlib
import random
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from drivers.card import Trust, files, u2f
from drivers.card.proofs import fingerprint, spki
from drivers.card.service_pass import credential
from drivers.card.service_pass.credential import CARD_ID_BYTES, Credential
from drivers.card.sim import others, pass_applet, u2f_applet
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.mynumber import ATR_CONTACTLESS
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.plan import Kind, Plan
from drivers.card.sim.tags import uid_of
from drivers.card.sim.u2f_applet import Chip, Counter
from simulation.people import RAN_OUT, STRANGER
from simulation.signatures import REAL, Signatures
from sync.cards import INDEX, pseudonym
from sync.facts import CounterKey

ISSUER: Final = "TEST-town.1"
_DAYS: Final = (date(2020, 4, 1), date(2094, 4, 1))
_LONG_AGO: Final = (date(2015, 4, 1), date(2020, 4, 1))
_FAMILY: Final = 5  # of so many residents one is a child, who holds a tag instead of a pass
_OF_THREE: Final = 3
_CLUB: Final = 8  # where most hold tags, one of so many holds a pass
_SENSELESS: Final = (Kind.EMPTY, Kind.GARBAGE, Kind.TOO_LONG, Kind.ENDLESS, Kind.TRANSIT, Kind.BANK, Kind.LICENCE)


class Mint:
    """Makes cards; the same seed makes the same ones.

    `mostly_tags`: few residents hold passes, whose keys sign. `counters`: two of three hold, instead of a pass, a card
    with a counter of its own. `signatures`: how whoever issues passes signs.
    """

    def __init__(
        self, seed: str, *, mostly_tags: bool = False, counters: bool = False, signatures: Signatures = REAL
    ) -> None:
        self._seed = seed
        self._mostly_tags = mostly_tags
        self._counters = counters
        self._known: dict[str, u2f.CounterKey] = {}  # by number in the air, once the town has said so
        self._counting: dict[int, Counter] = {}
        self._issuer, self._issuer_key = signatures.issuer(f"{seed}/issuer")

    def trust(self) -> Trust:
        """Return what a unit of this town believes."""
        issuers = {ISSUER: self._issuer_key}
        if not self._counters:
            return Trust(order=("pass", "type_a"), pass_issuers=issuers, production=False)
        return Trust(
            order=("pass", "u2f", "type_a"), pass_issuers=issuers, counter_key=self._known.get, production=False
        )

    def identity(self, number: int) -> tuple[str, str]:
        """Return profile and identifier of a resident's card, as a unit reads them."""
        if self._is_tag(number):
            return "type_a", uid_of(self._tag(number)).hex()
        if self.counts(number):
            return "u2f", fingerprint(self._counter_key(number).key)
        return "pass", self._noise(f"id resident {number}")[:CARD_ID_BYTES].hex()

    def resident(self, number: int) -> VirtualCard:
        """Return the card of a resident."""
        if self._is_tag(number):
            return others.make(self._tag(number))
        return self.counter(number) if self.counts(number) else self._pass(f"resident {number}")

    def counts(self, number: int) -> bool:
        """Whether a resident's card has a counter of its own."""
        return self._counters and number % _OF_THREE != 0 and not self._is_tag(number)

    def counter(self, number: int, *, once: bool = False, **how: int) -> VirtualCard:
        """Return a resident's card with a counter of its own, or a copy of it.

        `once`: it signs once each time that it is held there; `how`: where its counter stands, how much it rises.
        """
        counter = Counter(**how)
        self._counting.setdefault(number, counter)
        chip = replace(self._chip(number), once=once)
        return u2f_applet.build(chip, counter, uid_of(self._tag(number)))

    def counter_of(self, number: int) -> int:
        """Return where the counter in a resident's card stands."""
        return self._counting[number].value

    def counter_key(self, number: int, card_key: bytes) -> CounterKey:
        """Return what the town says to all units of such a card."""
        enrolled, index = self._counter_key(number), uid_of(self._tag(number)).hex()
        key, handle = (base64.b64encode(part).decode() for part in (enrolled.key, enrolled.handle))
        name = pseudonym(card_key, "u2f", fingerprint(enrolled.key))
        self._known[index] = enrolled
        return CounterKey(pseudonym(card_key, INDEX, index), name, key, handle, 0)

    def _chip(self, number: int) -> Chip:
        return Chip(self._noise(f"counter {number}"))

    def _counter_key(self, number: int) -> u2f.CounterKey:
        chip = self._chip(number)
        public = u2f_applet.key_of(chip, files.U2F_PARAMETER).public_key()
        return u2f.CounterKey(spki(public), u2f_applet.handle_of(chip, files.U2F_PARAMETER))

    def stranger(self, dice: random.Random) -> tuple[VirtualCard, int]:
        """Return a card that must not be served: forged, copied, of another town, of no use here, or one that ran out.

        With it comes what people who see it call it.
        """
        kind = dice.randrange(len(self._strangers) + 1)
        if kind < len(self._strangers):
            return self._strangers[kind]
        return others.make(Plan(kind=dice.choice(_SENSELESS), serial=self._serial("senseless"))), STRANGER

    @cached_property
    def _strangers(self) -> tuple[tuple[VirtualCard, int], ...]:
        return (
            (self._pass("resident 0", key="copy"), STRANGER),  # of what anybody may read, without the key in the card
            (self._pass("resident 1", altered=True), STRANGER),
            (self._pass("somebody", days=_LONG_AGO), RAN_OUT),
            (Mint(f"{self._seed}/elsewhere").resident(0), STRANGER),
        )

    def _is_tag(self, number: int) -> bool:
        share = _CLUB if self._mostly_tags else _FAMILY
        is_exception = number % share == share - 1
        return is_exception is not self._mostly_tags

    def _tag(self, number: int) -> Plan:
        return Plan(kind=Kind.TAG, serial=self._serial(f"tag {number}"))

    def _pass(self, name: str, key: str = "", days: tuple[date, date] = _DAYS, *, altered: bool = False) -> VirtualCard:
        own, other = self._key(name), self._key(key or name)
        body = Credential(ISSUER, self._noise(f"id {name}")[:CARD_ID_BYTES], *days, own.public_key())
        data = credential.issue(body, self._issuer)
        if altered:
            data = data[:-1] + bytes((data[-1] ^ 1,))
        return IsoCard(ATR_CONTACTLESS, [pass_applet.build(other, data, None)], dice=bytes)

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self._noise(f"key {name}")[:31], "big") + 1, ec.SECP256R1())

    def _serial(self, what: str) -> str:
        return f"99{int.from_bytes(self._noise(what)[:5], 'big') % 10**13:013d}"

    def _noise(self, what: str) -> bytes:
        return hashlib.sha256(f"{self._seed}/{what}".encode()).digest()
