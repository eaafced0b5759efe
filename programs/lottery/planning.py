"""A draw before it is announced: as the fields of a form, and as one word in the page's address. Nothing is stored.

Digits may be typed wide, and numbers with commas. What is wrong is said with the name of its field.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

from central.console.typed import TypedError, number, plain
from programs.lottery import law
from programs.lottery.entries import TICKETS_MAX, Prize
from programs.lottery.errors import DrawError
from programs.lottery.giving import Wanted
from programs.lottery.running import Plan
from sync.entries import BAD_JSON

PRIZES: Final = 8
"""Rows of a form. A plan with more prizes is announced by the command."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HOLDER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PRIZE: Final = ("ja", "en", "yen", "count")
_TITLE_MAX: Final = 80
_NOTE_MAX: Final = 400
_YEN_MAX: Final = 10**10
_COUNTS: Final = {
    "cost_points": ("1口のポイント", "Points for a ticket", 0, 10**6),
    "cap": ("1人の口数", "Tickets of one person", 1, 9_999),
    "alternates": ("補欠の数", "Alternates", 0, 100_000),
    "sales_yen": ("関連する売上", "Expected sales", 0, _YEN_MAX),
    "purchase_yen": ("買い物の額", "Purchase", 0, _YEN_MAX),
}


def filled(plan: Plan | None, offset_minutes: int) -> dict[str, str]:
    """Return what stands in the form for a plan, or for none yet."""
    if plan is None:
        return {"basis": law.JOINT, "cap": "10", "cost_points": "100", "alternates": "5", "time": "17:00"}
    closes = datetime.fromtimestamp(plan.close_at, UTC).astimezone(_zone(offset_minutes))
    fields = {name: str(getattr(plan, name) or "") for name in ("draw", "title_ja", "title_en", "basis", "note")}
    fields |= {name: str(getattr(plan, name)) for name in _COUNTS}
    for at, prize in enumerate(plan.prizes):
        fields |= {f"prize_{name}_{at}": str(getattr(prize, name)) for name in _PRIZE}
    return fields | {"day": f"{closes:%Y-%m-%d}", "time": f"{closes:%H:%M}"}


def plan_of(form: Mapping[str, str], offset_minutes: int) -> Plan:
    """Read a plan from a form.

    Raises:
        DrawError: something in it is wrong.
    """
    typed = {name: plain(text) for name, text in form.items()}
    draw = typed.get("draw", "")
    if not _NAME.fullmatch(draw):
        raise _wrong(
            "名前", "Name", "英小文字と数字とハイフンで書いてください(例: 2027-spring)。", "write 2027-spring."
        )
    if (basis := typed.get("basis", "")) not in (law.OPEN, law.GENERAL, law.JOINT):
        raise _wrong("法律のもと", "Basis in law", "一覧から選んでください。", "choose one of the list.")
    title_ja = _words(form, "title_ja", "抽選の題", "Title")
    numbers = {name: _number(typed.get(name) or str(about[2]), *about) for name, about in _COUNTS.items()}
    return Plan(
        draw=draw,
        title_ja=title_ja,
        title_en=_words(form, "title_en", "英語の題", "Title in English", title_ja),
        basis=basis,
        prizes=_prizes(form, typed),
        close_at=_close(typed, offset_minutes),
        note=" ".join(form.get("note", "").split())[:_NOTE_MAX],
        cost_points=numbers["cost_points"],
        cap=numbers["cap"],
        alternates=numbers["alternates"],
        sales_yen=numbers["sales_yen"],
        purchase_yen=numbers["purchase_yen"],
    )


def tickets_of(holder: str, count: str) -> Wanted:
    """Read what somebody is to get at the desk: a card's number or one on paper, and how many tickets.

    Raises:
        DrawError: something in it is wrong.
    """
    if not _HOLDER.fullmatch(holder):
        raise _wrong(
            "カードか紙の番号",
            "Number",
            "カードの番号(32けた)か、紙の番号(例: paper-0012)を書いてください。",
            "write a card's number (32 digits), or one on paper (paper-0012).",
        )
    return Wanted(holder, _number(count, "口数", "Tickets", 1, TICKETS_MAX))


def spelled(plan: Plan) -> str:
    """Return a plan as it stands in an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(plan)).decode().rstrip("=")


def read(text: str) -> Plan | None:
    """Read a plan out of an address; None if it is none."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=Plan)
    except (binascii.Error, ValueError, *BAD_JSON):
        return None


def _prizes(form: Mapping[str, str], typed: Mapping[str, str]) -> tuple[Prize, ...]:
    rows = [at for at in range(PRIZES) if any(typed.get(f"prize_{name}_{at}") for name in _PRIZE)]
    if not rows:
        raise _wrong("賞品", "Prizes", "1つは書いてください。", "there has to be one.")
    return tuple(_prize(form, typed, at) for at in rows)


def _prize(form: Mapping[str, str], typed: Mapping[str, str], at: int) -> Prize:
    ja, en = f"賞品 {at + 1}", f"Prize {at + 1}"
    name = _words(form, f"prize_ja_{at}", ja, en)
    return Prize(
        name,
        _words(form, f"prize_en_{at}", ja, en, name),
        _number(typed.get(f"prize_yen_{at}", ""), f"{ja} の額", f"{en}, yen", 0, _YEN_MAX),
        _number(typed.get(f"prize_count_{at}", ""), f"{ja} の数", f"{en}, how many", 1, 100_000),
    )


def _words(form: Mapping[str, str], name: str, ja: str, en: str, otherwise: str = "") -> str:
    text = " ".join(form.get(name, "").split()) or otherwise
    if not 1 <= len(text) <= _TITLE_MAX:
        raise _wrong(ja, en, f"1〜{_TITLE_MAX}文字で書いてください。", f"write 1 to {_TITLE_MAX} letters.")
    return text


def _number(text: str, ja: str, en: str, least: int, most: int) -> int:
    try:
        return number(text, least, most)
    except TypedError as error:
        raise _wrong(ja, en, error.ja, error.en) from error


def _close(typed: Mapping[str, str], offset_minutes: int) -> int:
    try:
        at = datetime.fromisoformat(f"{typed.get('day', '').replace('/', '-')}T{typed.get('time', ''):0>5}")
        return int(at.replace(tzinfo=_zone(offset_minutes)).timestamp())
    except (ValueError, OverflowError) as error:
        raise _wrong(
            "締切", "Closing", "日付は 2026-12-20、時刻は 17:00 のように書いてください。", "write 2026-12-20 and 17:00."
        ) from error


def _zone(offset_minutes: int) -> timezone:
    return timezone(timedelta(minutes=offset_minutes))


def _wrong(ja: str, en: str, how_ja: str, how_en: str) -> DrawError:
    return DrawError(f"「{ja}」: {how_ja}", f"{en}: {how_en}")
