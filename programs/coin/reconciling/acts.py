"""What people do with a case: open it, work on it, write down what they found out, close it. No money is moved here.

Each is an entry in the office's own journal, with the account's name. A case that somebody works on is nobody else's,
unless they take it over.
"""

from collections.abc import Callable, Mapping
from typing import Final

from central.centre import Centre
from central.console.brought import Act, NotDoneError, Said
from central.console.roles import Roles
from central.residents.days import read_day
from central.residents.person import has_personal_number
from programs.coin.settlement import disputes
from programs.coin.settlement.disputes import Dispute
from programs.coin.settlement.facts import DisputeJudged, Reason
from sync.accounts import Role
from sync.days import day_of
from sync.entries import EntryError, EntryId

BOOKKEEPERS: Final[Roles] = frozenset({Role.OFFICER, Role.TREASURER})
TICKED: Final = "yes"
WORDS_MAX: Final = 300

Form = Mapping[str, str]


def _open(centre: Centre, by: str, form: Form) -> Said:
    try:
        about = EntryId.parse(form.get("entry", "").strip())
    except EntryError as error:
        raise NotDoneError(
            "記録の番号は、端末/起動/番号 の形です。レシートと同じです。",
            "An entry's number is of the form unit/boot/number.",
        ) from error
    opened = disputes.open_dispute(centre, about, _words(form, "because", needed=True), by)
    return _said(opened, f"{opened.number}番として調べはじめました。", f"Case {opened.number} is open, and yours.")


def _take(centre: Centre, by: str, form: Form) -> Said:
    taken = disputes.take(centre, _number(form), by, over=form.get("over") == TICKED)
    return _said(taken, f"{taken.number}番は、あなたが担当です。", f"Case {taken.number} is yours.")


def _leave(centre: Centre, by: str, form: Form) -> Said:
    left = disputes.give_back(centre, _number(form), by)
    return _said(left, f"{left.number}番の担当をはずれました。", f"Nobody works on case {left.number} now.")


def _judge(centre: Centre, by: str, form: Form) -> Said:
    try:
        reason = Reason(form.get("reason", ""))
    except ValueError as error:
        raise NotDoneError("わけを えらんでください。", "Choose a reason.") from error
    found = DisputeJudged(_number(form), reason, by, _words(form, "note"), _due(form))
    judged = disputes.judge(centre, found)
    return _said(judged, f"{judged.number}番に書きました。", f"Noted in case {judged.number}.")


def _close(centre: Centre, by: str, form: Form) -> Said:
    closed = disputes.close_dispute(centre, _number(form), _words(form, "outcome", needed=True), by)
    return _said(closed, f"{closed.number}番を終えました。", f"Case {closed.number} is closed.")


def _number(form: Form) -> int:
    text = form.get("case", "")
    if not (text.isascii() and text.isdecimal()):
        raise NotDoneError(
            "どの件かが分かりません。一覧から開きなおしてください。", "Open the case again from the list."
        )
    return int(text)


def _words(form: Form, name: str, *, needed: bool = False) -> str:
    """Return what somebody wrote, as it is noted.

    Raises:
        NotDoneError: it is too long, or has a personal number in it; or it is needed and nothing was written.
    """
    said = " ".join(form.get(name, "").split())
    if needed and not said:
        raise NotDoneError("ことばで書いてください。", "Write it in words.")
    if len(said) > WORDS_MAX or not said.isprintable() or has_personal_number(said):
        raise NotDoneError(
            f"{WORDS_MAX}文字までで、名前や番号を入れずに書いてください。",
            f"Write at most {WORDS_MAX} letters, without names or numbers of people.",
        )
    return said


def _due(form: Form) -> int:
    if not form.get("due", "").strip():
        return 0
    day = read_day(form["due"])
    if day is None:
        raise NotDoneError("期限は 2026-12-15 のように 入れてください。", "Give the deadline as 2026-12-15.")
    return day_of(day)


def _said(case: Dispute, ja: str, en: str) -> Said:
    return Said(ja, en, {"case": str(case.number)})


_STEPS: Final[dict[str, Callable[[Centre, str, Form], Said]]] = {
    "open": _open,
    "take": _take,
    "leave": _leave,
    "judge": _judge,
    "close": _close,
}
ACTS: Final = tuple(Act(name, BOOKKEEPERS, step) for name, step in _STEPS.items())
