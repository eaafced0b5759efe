"""Who the members of the fictional town are: registered, of an age that goes with where they touch. All are invented.

Their files are written at once, in the transaction in which the desk would write each of them by itself.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from central.centre import Centre
from central.folder import CONFIG_FILE, Folder
from central.residents.files import Files
from central.residents.person import Person
from central.residents.sealing import Keyring
from drivers.entropy.sim import Driver as Entropy
from programs.visits.entries import Touch
from programs.visits.insight import VISITS
from simulation.year import Size
from simulation.year.deeds import Deed, members
from sync.entries import Fact
from sync.messages import OFFICE_STREAM
from sync.residents import CardBound, Consented, Form, GuardianSet, How

REGISTERED: Final = 0.85  # of the members; of these so many agree that visits are counted by age:
AGREES: Final = 0.9
BY: Final = "year"
_YEAR: Final = 2025  # in which the year begins
_CHILD_MAX: Final = 15
_ADULTS: Final = (range(19, 40), range(40, 65), range(65, 75), range(75, 93))
_ADULT_WEIGHTS: Final = (22, 34, 22, 22)
_FAMILIES: Final = (
    *(("灯台", "トウダイ"), ("浜崎", "ハマザキ"), ("上町", "カミマチ"), ("南野", "ミナミノ"), ("旭川", "アサヒカワ")),
    *(("湯本", "ユモト"), ("道野", "ミチノ"), ("山家", "ヤマガ"), ("茶谷", "チャヤ"), ("森下", "モリシタ")),
)
_GIVEN: Final = (
    *(("花子", "ハナコ"), ("太郎", "タロウ"), ("美咲", "ミサキ"), ("健", "ケン"), ("ふみ", "フミ"), ("明", "アキラ")),
    *(("ゆい", "ユイ"), ("貞夫", "サダオ"), ("恵", "ケイ"), ("次郎", "ジロウ"), ("春", "ハル"), ("誠", "マコト")),
)
_REGISTRATION: Final = """
[registration]
office = "町民課"
address = "灯台町大字上町1番地"
purposes = ["町のサービスの利用登録と、本人の同意したサービスの提供のため"]
counts_ages = true
"""


def say_who_registers(folder: Path) -> None:
    """Let the town's configuration state what files are used for, counting by age among it."""
    with (folder / CONFIG_FILE).open("a") as config:
        config.write(_REGISTRATION)


def register(centre: Centre, folder: Path, size: Size, touched: Iterable[Deed]) -> int:
    """Register most of the members, each with a card; return how many. A child has a guardian, who agrees for it."""
    dice = random.Random(f"{size.seed}/residents")  # noqa: S311 - a town from a seed, not a secret
    entropy = Entropy(Entropy.Options(f"year/{size.seed}/residents"))
    files = Files(Keyring(Folder(folder).resident_keys()), entropy)
    kinds = _kinds(touched)
    ages = {one.card: _age(dice, kinds.get(one.card, Counter())) for one in members(size)}
    cards = [card for card in ages if dice.random() < REGISTERED]
    adults: list[str] = []
    with centre.reconciler.counted() as connection:
        facts: list[Fact] = []
        for card in sorted(cards, key=lambda one: ages[one] <= _CHILD_MAX):  # guardians come before their children
            holder = entropy.bytes(16).hex()
            guardian = dice.choice(adults) if ages[card] <= _CHILD_MAX and adults else ""
            facts.append(files.write(connection, holder, 1, _person(dice, ages[card]), How.TYPED, BY))
            facts.append(CardBound(holder, card, Form.TOKEN if guardian else Form.CARD, BY))
            if guardian:
                facts.append(GuardianSet(holder, guardian, stands=True, by=BY))
            else:
                adults.append(holder)
            if dice.random() < AGREES:
                facts.append(Consented(holder, VISITS, given=True, by=BY, guardian=guardian))
        centre.streams.append(connection, OFFICE_STREAM, facts)
    return len(cards)


def _kinds(touched: Iterable[Deed]) -> Mapping[str, Counter[str]]:
    """Return at which kinds of place each card was touched how often."""
    found: dict[str, Counter[str]] = {}
    for deed in touched:
        if isinstance(deed.fact, Touch):
            found.setdefault(deed.fact.card, Counter())[deed.fact.place.rstrip("0123456789")] += 1
    return found


def _age(dice: random.Random, kinds: Counter[str]) -> int:
    """Throw an age: who comes to school most is a child, who comes to classes or the bath is older than others."""
    most = max(kinds, key=lambda kind: (kinds[kind], kind), default="")
    if most == "school":
        return dice.randint(7, _CHILD_MAX)
    if most == "class":
        return dice.randint(68, 92)
    if most == "sports":
        return dice.randint(19, 50)
    if most in ("bath", "clinic"):
        return dice.randint(55, 90)
    (span,) = dice.choices(_ADULTS, _ADULT_WEIGHTS)
    return dice.choice(span)


def _person(dice: random.Random, age: int) -> Person:
    (family, family_kana), (given, given_kana) = dice.choice(_FAMILIES), dice.choice(_GIVEN)
    born = date(_YEAR - age, dice.randint(1, 12), dice.randint(1, 28))
    return Person(f"{family}\u3000{given}", f"{family_kana} {given_kana}", f"灯台町{dice.randint(1, 40)}", born)
