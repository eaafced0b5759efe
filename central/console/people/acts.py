"""What can be done to a resident's file on its page. What cannot be taken back asks once more."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from central import belongings, handing
from central.belongings import BelongingsError
from central.centre import Centre
from central.console.brought import NotDoneError, Said
from central.console.moment import Say
from central.console.people import forms
from central.console.people.forms import Form
from central.reading import CardReading
from central.residents.days import read_day
from central.residents.deciding import DeskError
from central.residents.papers import CARD_SHOWN
from sync import installed
from sync.residents import CardEnd, How, Language, Leaving
from sync.residents import Form as CardForm

SURE: Final = "sure"  # the field with which a form says that it was asked
_FIELDS: Final = ("name", "kana", "address", "sex", "phone", "mail")


def _nothing(_form: Form) -> Say | None:
    return None


@dataclass(frozen=True)
class Act:
    """Something that is done to a file.

    Attributes:
        do: does it, for the clerk of that name, to the file of that number, by what was typed; or raises why not.
        asks: what is asked first, because it cannot be taken back; None where it can.
    """

    do: Callable[[Centre, str, str, Form], Said]
    asks: Callable[[Form], Say | None] = _nothing


def register(centre: Centre, by: str, form: Form) -> tuple[str, Said]:
    """Open a file; return its number. The card is given out in a second step: the file stands without it, too.

    As the command does it: with a card's document, name, address, birthday and sex are what that says, and the card is
    theirs, unless the reading of another one was given.

    Raises:
        one of `forms.TROUBLE`: it cannot be, and nothing was done.
    """
    signed, reading = forms.holder(form), forms.reading(form)
    person, how = forms.person(form, signed), How.CARD if signed else How.TYPED
    consents = [name for name in installed.with_part("rules") if f"{forms.CONSENT}{name}" in form]
    guardian = form.get("guardian", "").strip().lower()
    holder = centre.registration.add(
        person, how, by, guardian=guardian, consents=consents, is_another="another" in form
    )
    said = Said(f"登録しました。番号は {_shown(holder)} です。", f"Registered, with the number {_shown(holder)}.")
    kind = CardForm.TOKEN if reading and form.get("form") == CardForm.TOKEN else CardForm.CARD
    reading = reading or (signed.card if signed else None)
    if reading is None:
        return holder, said
    try:
        centre.registration.add_card(holder, reading, kind, by)
    except DeskError as error:
        return holder, Said(f"{said.ja} カードは結んでいません: {error.ja}", f"{said.en} Without the card: {error.en}")
    return holder, Said(f"{said.ja} カードも結びました。", f"{said.en} The card is theirs.")


def _change(centre: Centre, by: str, of: str, form: Form) -> Said:
    person = forms.person(form)
    wanted = {name: getattr(person, name) for name in (*_FIELDS, "birth")}
    centre.registration.change(of, wanted, How.TYPED, by)
    return Said("登録の内容を直しました。", "The file was written anew.")


# ---- cards


def _add_card(centre: Centre, by: str, of: str, form: Form) -> Said:
    centre.registration.add_card(of, _must_be_read(form), forms.chosen(CardForm, form.get("form", "")), by)
    return Said("カードを結びました。", "The card is theirs.")


def _renew_card(centre: Centre, by: str, of: str, form: Form) -> Said:
    try:
        _, new, had = handing.renew(centre, of, form.get("card", ""), _must_be_read(form), by)
    except BelongingsError as error:
        return _stayed("新しいカードに替えました。", "The card was renewed.", error)
    words = Said(f"新しいカード {new[:CARD_SHOWN]} に替えました。", f"The new card is {new[:CARD_SHOWN]}.")
    return _with(words, handing.warnings(had))


def _end_card(centre: Centre, by: str, of: str, form: Form) -> Said:
    why = forms.chosen(CardEnd, form.get("end", ""))
    if why is CardEnd.RENEWED:
        raise NotDoneError("替えるときは、新しいカードを読みます。", "To renew a card, have the new one read.")
    try:
        _, had = handing.end(centre, of, form.get("card", ""), why, by, form.get("to", ""))
    except BelongingsError as error:
        return _stayed("カードを止めました。", "The card was stopped.", error)
    return _with(Said("カードを止めました。", "The card was stopped."), handing.warnings(had))


def _move_rest(centre: Centre, _by: str, of: str, form: Form) -> Said:
    """Let what still lies on a renewed card go over; units are asked once more for what they hold."""
    card = form.get("card", "")
    held = centre.registration.standing(of).cards.get(card)
    if held is None or not held.into:
        raise NotDoneError("替えたカードでは ありません。", "This card was not renewed.")
    belongings.move(centre, card, held.into)
    words = Said("移せるものは 移しました。", "What could go over has gone over.")
    return _with(words, handing.warnings(belongings.of(centre, card)))


def _stayed(ja: str, en: str, error: BelongingsError) -> Said:
    """Say that a card was seen to, and that what lies on it stayed there."""
    why = forms.refusal(error)
    return Said(f"{ja} 残りは まだ移っていません: {why.ja}", f"{en} What lies on it has not gone over: {why.en}")


def _found_card(centre: Centre, by: str, of: str, form: Form) -> Said:
    centre.registration.found_card(of, form.get("card", ""), by)
    return Said("カードは また使えます。", "The card can be used again.")


def whose(centre: Centre, reading: CardReading) -> str:
    """Return the number of the file whose card was read. Nothing of that file is looked at yet.

    Raises:
        NotDoneError: it is nobody's.
    """
    try:
        return centre.registration.resolve(centre.registrar.name(reading.profile, reading.identifier))
    except DeskError as error:
        raise NotDoneError(
            "このカードは、まだ だれにも結ばれていません。名前か番号で さがしてください。",
            "This card is nobody's yet. Search by a name or a number.",
        ) from error


def _must_be_read(form: Form) -> CardReading:
    reading = forms.reading(form)
    if reading is None:
        raise NotDoneError("カードを読んで、出たものを はってください。", "Have the card read, and paste what it says.")
    return reading


# ---- the rest of a file


def _consent(centre: Centre, by: str, of: str, form: Form) -> Said:
    given = form.get("given") == "yes"
    centre.registration.consent(of, form.get("program", ""), by, given=given, guardian=form.get("guardian", ""))
    if given:
        return Said("同意を書きとめました。", "The consent was noted.")
    return Said("同意を取りやめました。", "The consent was withdrawn.")


def _guardian(centre: Centre, by: str, of: str, form: Form) -> Said:
    stands = form.get("stands") != "no"
    centre.registration.guardian(of, form.get("guardian", "").strip().lower(), by, stands=stands)
    if stands:
        return Said("保護者を書きとめました。", "The guardian was noted.")
    return Said("保護者から外しました。", "They are no guardian any more.")


def _prefer(centre: Centre, by: str, of: str, form: Form) -> Said:
    wanted = {name: name in form for name in ("voice", "large", "quiet")}
    lang = forms.chosen(Language, form.get("lang", ""))
    centre.registration.prefer(of, {**wanted, "lang": lang}, by)
    return Said("伝え方の希望を書きとめました。", "Noted how they want to be spoken to.")


def _leave(centre: Centre, by: str, of: str, form: Form) -> Said:
    why, typed = forms.chosen(Leaving, form.get("left", "")), form.get("day", "").strip()
    day = read_day(typed)
    if typed and day is None:
        raise NotDoneError("日付は 2026-12-01 のように 入れてください。", "Give the day as 2026-12-01.")
    holder, alone = centre.registration.leave(of, why, day, by)
    if why is Leaving.HERE:
        return Said("登録中に戻しました。同意は もう一度もらってください。", "They are here; ask for consents anew.")
    return _with(Said("書きとめました。同意は終わりました。", "Noted; consents ended."), _after(centre, holder, alone))


def _after(centre: Centre, holder: str, alone: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Say what somebody has to see to when a resident has left."""
    for child in alone:
        yield (
            f"保護者がいなくなる子どもがいます(番号 {_shown(child)})。別の保護者を登録してください。",
            f"A child is left without a guardian (number {_shown(child)}); register another one.",
        )
    for card in centre.registration.standing(holder).cards:
        for one in belongings.of(centre, card):
            if one.is_any:
                yield f"カード {card[:CARD_SHOWN]} の残り: {one.ja}。", f"Left on card {card[:CARD_SHOWN]}: {one.en}."


def _merge(centre: Centre, by: str, of: str, form: Form) -> Said:
    merged, _ = centre.registration.merge(form.get("other", "").strip().lower(), of, by)
    return Said(f"{_shown(merged)} を この登録に まとめました。", f"{_shown(merged)} is one with this file.")


# ---- what is asked first


def _ask_end(form: Form) -> Say | None:
    if form.get("end") != CardEnd.RETURNED:
        return None  # what was lost or stopped can be found
    return Say("返したカードは、もう使えません。戻せません。", "A card that was given back is never used again.")


def _ask_renew(_form: Form) -> Say | None:
    return Say(
        "古いカードは止まり、もう使えません。お金とポイントは新しいカードに移ります。戻せません。",
        "The old card is stopped for good; money and points go over to the new one.",
    )


def _ask_leave(form: Form) -> Say | None:
    asked: dict[str, Say] = {
        Leaving.MOVED: Say(
            "転出を登録します。同意はぜんぶ終わります(戻しても、もう一度もらいます)。カードは返してもらうまで使えます。",
            "They moved away: all consents end, to be given anew if that is wrong. Cards go on until given back.",
        ),
        Leaving.DIED: Say(
            "死亡を登録します。カードはぜんぶ止まり、同意はぜんぶ終わります。",
            "They died: all cards are stopped, and all consents end.",
        ),
        Leaving.ENDED: Say(
            "利用終了を登録します。同意はぜんぶ終わります。カードを返してもらってください。",
            "They want to be registered no more: all consents end. Have the cards given back.",
        ),
    }
    return asked.get(form.get("left", ""))


def _ask_merge(_form: Form) -> Say | None:
    return Say(
        "二つの登録を一つにまとめます。名前・住所・希望は この登録のものが残ります。戻せません。見くらべてください。",
        "Two files become one; name, address and preferences are of this one. It cannot be taken back: compare them.",
    )


def _with(said: Said, more: Iterable[tuple[str, str]]) -> Said:
    words = [(said.ja, said.en), *more]
    return Said(" ".join(ja for ja, _ in words), " ".join(en for _, en in words))


def _shown(holder: str) -> str:
    return f"{holder[:4]} {holder[4:8]}"


ACTS: Final[Mapping[str, Act]] = {
    "change": Act(_change),
    "card-add": Act(_add_card),
    "card-renew": Act(_renew_card, _ask_renew),
    "card-end": Act(_end_card, _ask_end),
    "card-found": Act(_found_card),
    "card-move": Act(_move_rest),
    "consent": Act(_consent),
    "guardian": Act(_guardian),
    "prefer": Act(_prefer),
    "leave": Act(_leave, _ask_leave),
    "merge": Act(_merge, _ask_merge),
}
