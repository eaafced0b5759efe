"""A resident's file as its page shows it. Opening one is noted first, by who looks and why."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from central import belongings, lately
from central.belongings import Belonging
from central.centre import Centre
from central.console.chip import Chip
from central.console.moment import Say
from central.console.words import Words
from central.lately import Done
from central.registration import File
from central.residents import books, papers
from central.residents.books import Reading, Wanted
from central.residents.days import day
from central.residents.person import ITEMS, Person
from central.residents.standing import Consent, Held
from sync import installed
from sync.messages import OFFICE_STREAM
from sync.residents import CardEnd, Leaving

ACTS_SHOWN: Final = 30
LATELY_SHOWN: Final = 10
LOOKS_SHOWN: Final = 5
_BETWEEN: Final = " / "


_STATES: Final[Mapping[Leaving, Chip]] = {
    Leaving.HERE: Chip("ok", "○", "登録中", "registered"),
    Leaving.MOVED: Chip("late", "－", "転出", "moved away"),
    Leaving.DIED: Chip("closed", "－", "死亡", "died"),
    Leaving.ENDED: Chip("closed", "－", "利用終了", "ended"),
}
_CARDS: Final[Mapping[CardEnd | None, Chip]] = {
    None: Chip("ok", "○", "使えます", "in use"),
    CardEnd.LOST: Chip("need", "×", "紛失", "lost"),
    CardEnd.STOPPED: Chip("need", "×", "停止", "stopped"),
    CardEnd.RETURNED: Chip("closed", "－", "返却", "returned"),
    CardEnd.RENEWED: Chip("closed", "－", "更新ずみ", "renewed"),
}
_FOUND_AGAIN: Final = (CardEnd.LOST, CardEnd.STOPPED)


class CardLine(msgspec.Struct, frozen=True):
    """One card. `has`: what programs keep for it."""

    name: str
    form: Say
    state: Chip
    held: Held
    has: Sequence[Belonging]

    @property
    def short(self) -> str:
        return self.name[: papers.CARD_SHOWN]

    @property
    def is_active(self) -> bool:
        return self.held.ended is None

    @property
    def can_be_found(self) -> bool:
        return self.held.ended in _FOUND_AGAIN


class ConsentLine(msgspec.Struct, frozen=True):
    """One program, and what was said of it; None if nothing was."""

    program: str
    called: Say
    said: Consent | None


class ActLine(msgspec.Struct, frozen=True):
    """Something that was done to a file. `entry`: where it stands in the office's journal."""

    at_ms: int
    by: str
    holder: str
    ja: str
    en: str
    detail: Say
    entry: str


class View(msgspec.Struct, frozen=True):
    """A file, opened."""

    file: File
    is_child: bool
    state: Chip
    cards: Sequence[CardLine]
    consents: Sequence[ConsentLine]
    done: Sequence[tuple[str, Done]]
    acts: Sequence[ActLine]
    looks: Sequence[Reading]

    @property
    def holder(self) -> str:
        return self.file.holder

    @property
    def facts(self) -> list[tuple[Say, str]]:
        """What stands in the file, below the name: label and value."""
        return facts(self.file.person) if self.file.person else []

    @property
    def active(self) -> list[CardLine]:
        return [card for card in self.cards if card.is_active]


def open_view(centre: Centre, words: Words, who: str, by: str, why: str) -> View:
    """Open a file for its page.

    Raises:
        DeskError, SealingError: there is none, or it does not open.
    """
    file = centre.registration.show(who, by, why)
    was, today = file.standing, centre.registration.today()
    with centre.reconciler.counted() as connection:  # with this very look
        acts = books.acts(connection, Wanted(file.holder), ACTS_SHOWN)
        looks = books.readings(connection, Wanted(file.holder), LOOKS_SHOWN)
        done = [
            (name[: papers.CARD_SHOWN], one)
            for name in was.cards
            for one in lately.done(connection, name, LATELY_SHOWN)
        ]
    return View(
        file,
        file.person is not None and file.person.is_child_on(today),
        state(file),
        [_card(name, held, belongings.of(centre, name)) for name, held in was.cards.items()],
        [ConsentLine(name, words.called(name), was.consents.get(name)) for name in installed.with_part("rules")],
        sorted(_once(done), key=lambda one: -one[1].at_ms)[:LATELY_SHOWN],
        act_lines(words, acts),
        looks,
    )


def state(file: File) -> Chip:
    """Say whether somebody is here."""
    if file.standing.is_erased:
        return Chip("closed", "－", "消去ずみ", "erased")
    return _STATES[file.standing.left]


def facts(person: Person) -> list[tuple[Say, str]]:
    """Return what is known of somebody but for name and reading; what is not known is left out."""
    shown = {"birth": day(person.birth), "sex": papers.SEXES.get(person.sex, "")}
    rows = [(Say(*ITEMS[name]), shown.get(name, getattr(person, name))) for name in ITEMS]
    return [(label, value) for label, value in rows[2:] if value]


def act_lines(words: Words, acts: Iterable[books.Act]) -> list[ActLine]:
    """Say what was done to files."""
    return [
        ActLine(
            one.at_ms,
            one.by,
            one.holder,
            *_both(words.tell(one.kind, {**one.said, "program": words.called(str(one.said.get("program", ""))).ja})),
            _detail(one.said),
            f"{OFFICE_STREAM}/{one.boot}/{one.seq}",
        )
        for one in acts
    ]


def two(text: str) -> Say:
    """Take apart what papers say in both languages at once."""
    ja, _, en = text.partition(_BETWEEN)
    return Say(ja, en)


def _both(say: Say) -> tuple[str, str]:
    return say.ja, say.en


def _detail(said: Mapping[str, object]) -> Say:
    """Say of what kind it was: which card and how it ended, whether somebody agreed or stands, why they left."""
    ended = {str(why): chip for why, chip in _CARDS.items()} | {str(why): chip for why, chip in _STATES.items()}
    found = [ended[str(said["why"])]] if str(said.get("why", "")) in ended else []
    parts = [(one.ja, one.en) for one in found]
    if "given" in said:
        parts.append(("はい", "yes") if said["given"] else ("取りやめ", "withdrawn"))
    if "stands" in said:
        parts.append(("保護者になった", "stands") if said["stands"] else ("外れた", "no more"))
    if card := said.get("card"):
        parts.append((str(card)[: papers.CARD_SHOWN], str(card)[: papers.CARD_SHOWN]))
    return Say("、".join(ja for ja, _ in parts), ", ".join(en for _, en in parts))


def _card(name: str, held: Held, has: Sequence[Belonging]) -> CardLine:
    return CardLine(name, two(papers.FORMS[held.form]), _CARDS[held.ended], held, [one for one in has if one.is_any])


def _once(done: Iterable[tuple[str, Done]]) -> list[tuple[str, Done]]:
    """Leave out what is told of two cards: money that went over from one to the other."""
    kept: dict[Done, str] = {}
    for card, one in done:
        kept.setdefault(one, card)
    return [(card, one) for one, card in kept.items()]
