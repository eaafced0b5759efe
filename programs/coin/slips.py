"""What stands on a receipt of the coin. Arithmetic: from an entry and the names around it to lines of paper.

It is the paper of a payment, not of what was bought: the shop's own till says that, and its tax. Nothing on it names
the card.
"""

from datetime import UTC, datetime, timedelta, timezone

from drivers.printer import Amount, Code, Line, Rule, Side, Size, Slip, Words
from programs.coin.entries import Charge, Insured, Pay, TakenBack, Void
from sync.entries import Entry
from sync.facts import PlaceNamed, Town


def slip(entry: Entry, code: str, town: Town, place: PlaceNamed, rights: int | None = None) -> Slip | None:
    """Return the receipt of an entry; None if it is not about the coin.

    Args:
        code: what the QR code says.
        rights: how much can still be spent at this unit, if that is to be said.
    """
    fact = entry.fact
    if not isinstance(fact, Charge | Pay | TakenBack):
        return None
    yen = -fact.yen if isinstance(fact, TakenBack) else fact.yen
    money: list[Line] = [Amount(_what(fact), yen, Size.LARGE), *_points(fact)]
    if isinstance(fact, TakenBack):
        what = "取り消した支払い" if isinstance(fact, Void) else "返金した支払い"
        money.append(Words(f"{what} Of {entry.unit}/{fact.of}", Size.SMALL))
    if isinstance(fact, Insured):
        money.append(Words("町の基金の立て替え Paid by the town's fund", Size.SMALL))
    if rights is not None:
        money.append(Amount("この端末で使える額 Usable here", rights))
    return Slip(
        str(entry.id),
        (
            Words(f"{town.name}のコイン {town.name_en} coin".strip(), Size.SMALL, Side.MIDDLE),
            Words(place.name, Size.LARGE, Side.MIDDLE),
            *_english(place),
            Words(_time(entry.at, town.utc_offset_minutes), Size.NORMAL, Side.MIDDLE),
            Rule(),
            *money,
            Rule(),
            Code(code, str(entry.id)),
            Words("このコードで、町に届いた記録と照らせます。", Size.SMALL, Side.MIDDLE),
            Words("The code proves this entry.", Size.SMALL, Side.MIDDLE),
        ),
    )


def for_practice(made: Slip) -> Slip:
    """Return a receipt that nobody can take for one: it says so first and last, and has no code that could prove it."""
    mark = Words("練習 TRAINING", Size.LARGE, Side.MIDDLE)
    lines = made.lines[: next(at for at, line in enumerate(made.lines) if isinstance(line, Code))]
    no_money = Words("お金は動いていません。No money moved.", Size.SMALL, Side.MIDDLE)
    return Slip(made.number, (mark, *lines, no_money, mark))


def _english(place: PlaceNamed) -> list[Line]:
    is_other = place.name_en not in {"", place.name}
    return [Words(place.name_en, Size.SMALL, Side.MIDDLE)] if is_other else []


def _what(fact: Charge | Pay | TakenBack) -> str:
    match fact:
        case Charge():
            return "チャージ Charged"
        case Pay():
            return "お支払い Paid"
        case Void():
            return "支払い取り消し Taken back"
        case TakenBack():
            return "返金 Refunded"


def _points(fact: Charge | Pay | TakenBack) -> list[Line]:
    points = 0 if isinstance(fact, Charge) else fact.points
    sign = "−" if isinstance(fact, TakenBack) else "＋"
    return [Words(f"ポイント Points {sign}{points:,}")] if points else []


def _time(at_ms: int, offset_minutes: int) -> str:
    """Write the time by the unit's clock, on the town's clocks."""
    when = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)
    return when.astimezone(timezone(timedelta(minutes=offset_minutes))).strftime("%Y年%m月%d日 %H:%M")
