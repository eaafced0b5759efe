"""What was typed at the desk, read: why somebody looks, a person, a card. What cannot be is said in both languages."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlencode

from central.belongings import BelongingsError
from central.console.brought import NotDoneError
from central.console.moment import Say
from central.reading import CardReading, HolderReading, ReadingError, read_holder, read_reading
from central.residents.days import read_day
from central.residents.deciding import DeskError
from central.residents.person import Person, PersonError, has_personal_number
from central.residents.sealing import SealingError

REASONS: Final[Mapping[str, Say]] = {
    "counter": Say("窓口の手続き", "somebody at the counter"),
    "phone": Say("電話の問い合わせ", "on the telephone"),
    "paper": Say("申込書・届出の処理", "a form that came in"),
    "check": Say("記録の確認", "checking records"),
}
"""Why somebody looks at a name; the journal has the Japanese words."""

OTHER: Final = "other"
FILL: Final = "fill"  # the button that asks for the form with what a card has signed in it
CONSENT: Final = "consent-"  # and a program: a box that is ticked
TROUBLE: Final = (BelongingsError, DeskError, NotDoneError, PersonError, ReadingError, SealingError)
_BECAUSE_MAX: Final = 60
_NUMBER: Final = re.compile(r"[0-9a-f]{6,32}")
_HOLDER: Final = re.compile(r"\b([0-9a-f]{4})([0-9a-f]{4})[0-9a-f]{24}\b")
_TWELVE: Final = re.compile(r"[0-9]{12}")
_PERSONAL_NUMBER: Final = (
    "個人番号(マイナンバー)は 入れないでください。名前の読みか、登録の番号、カードの番号でさがします。",
    "Never give the personal number (My Number). Search by name, or by the number of a file or card.",
)

Form = Mapping[str, str]
_Choice = TypeVar("_Choice", bound=StrEnum)


def why(asked: Form) -> str:
    """Return why somebody looks, as it is noted; "" if they have not said it.

    Raises:
        NotDoneError: this cannot be noted.
    """
    if asked.get("why") in REASONS:
        return REASONS[asked["why"]].ja
    because = " ".join(asked.get("because", "").split()) if asked.get("why") == OTHER else ""
    if len(because) > _BECAUSE_MAX or not because.isprintable() or has_personal_number(because):
        raise NotDoneError(
            f"理由は {_BECAUSE_MAX}文字までで、番号や名前を入れずに書いてください。",
            f"Give the reason in {_BECAUSE_MAX} letters or less, without numbers or names.",
        )
    return because


def must_say_why(asked: Form) -> str:
    """Return why somebody looks.

    Raises:
        NotDoneError: they have not said it.
    """
    said = why(asked)
    if not said:
        raise NotDoneError(
            "見る理由を えらんでください。町の記録に残します。", "Say why you look; it is noted in the town's journal."
        )
    return said


def reason_asked(asked: Form) -> dict[str, str]:
    """Return the fields that say why, for the next page."""
    kept = {"why": asked.get("why", "")}
    return kept | ({"because": asked.get("because", "")} if kept["why"] == OTHER else {})


def address(holder: str, asked: Form, part: str = "") -> str:
    """Return where a resident's page is, for somebody who has said why."""
    return f"/residents/{holder}{part}?{urlencode(reason_asked(asked))}"


def number(words: str) -> str:
    """Return the number of a file or card that was typed, with or without gaps; "" if it is none.

    Raises:
        NotDoneError: it is somebody's personal number.
    """
    plain = "".join(words.lower().split())
    if has_personal_number(words) and (_TWELVE.fullmatch(plain) or not _NUMBER.fullmatch(plain)):
        raise NotDoneError(*_PERSONAL_NUMBER)
    return plain if _NUMBER.fullmatch(plain) else ""


def holder(form: Form) -> HolderReading | None:
    """Return what a card said of its holder, as the desk's program or a command has read it; None if none did.

    Raises:
        ReadingError: this is none.
    """
    pasted = form.get("holder", "").strip()
    return read_holder(pasted.encode()) if pasted else None


def must_say_whose(form: Form) -> HolderReading:
    """Return what a card said of its holder.

    Raises:
        NotDoneError, ReadingError: nothing, or nothing that can be used.
    """
    said = holder(form)
    if said is None:
        raise NotDoneError("カードを読んで、出たものを はってください。", "Have the card read, and paste what it says.")
    return said


def person(form: Form, signed: HolderReading | None = None) -> Person:
    """Return the person of a form; what a card has signed wins over whatever was typed.

    Raises:
        NotDoneError: there is no such day.
    """
    text = {name: form.get(name, "").strip() for name in ("name", "kana", "address", "sex", "phone", "mail")}
    if signed:
        return Person(birth=signed.birth, **text | {"name": signed.name, "address": signed.address, "sex": signed.sex})
    born = read_day(form.get("birth", ""))
    if born is None:
        raise NotDoneError(
            "生年月日は 昭和29年3月2日、S29.3.2、1954-03-02 のように 入れてください。",
            "Give the date of birth as 1954-03-02.",
        )
    return Person(birth=born, **text)


def reading(form: Form) -> CardReading | None:
    """Return the card whose reading was pasted; None if there is none.

    Raises:
        ReadingError: this is none.
    """
    pasted = form.get("reading", "").strip()
    return read_reading(pasted.encode()) if pasted else None


def chosen(kind: type[_Choice], text: str) -> _Choice:
    """Return what was chosen from a list.

    Raises:
        NotDoneError: nothing was.
    """
    try:
        return kind(text)
    except ValueError as error:
        raise NotDoneError("一つ えらんでください。", "Choose one.") from error


def refusal(error: Exception) -> NotDoneError:
    """Say on a page why something was not done."""
    match error:
        case NotDoneError():
            return error
        case DeskError() | PersonError():
            return NotDoneError(_short(error.ja), _short(error.en))
        case ReadingError():
            return NotDoneError(
                "カードの読み取りの結果として 使えません。もう一度 読んで、出たものを そのまま はってください。",
                f"This reading cannot be used: {error}.",
            )
        case BelongingsError():
            return NotDoneError(
                "残っているものを いまは移せません。担当者に たずねてください。", f"It cannot go over: {error}."
            )
        case _:
            ja, _, en = str(error).partition("\n")
            return NotDoneError(ja, en)


def _short(text: str) -> str:
    """Shorten the numbers of files to what people tell each other."""
    return _HOLDER.sub(r"\1 \2", text)


def about(error: Exception) -> tuple[str, ...]:
    """Return the files that a refusal is about."""
    return error.of if isinstance(error, DeskError) else ()
