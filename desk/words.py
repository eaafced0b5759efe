"""What a clerk reads of a card that lies on the desk's reader, Japanese first. Nothing that a card said is in it."""

from typing import Final, NamedTuple

from drivers.card.desk import OTHERS


class Say(NamedTuple):
    """One sentence or two in both languages."""

    ja: str
    en: str


OK: Final = "ok"
READ: Final = Say("カードを読みました。", "The card was read.")
_AGAIN: Final = "もう一度置いて、終わるまで動かさないでください。"
_ASKED: Final = "照合番号か暗証番号"

CARD: Final[dict[str, Say]] = {
    "not_readable": Say(
        f"カードを読めませんでした。{_AGAIN}",
        "The card could not be read. Lay it there again, and leave it until the end.",
    ),
    "other_card": Say("マイナンバーカードを置いてください。", "Nothing was read from it."),
    "unknown_card": Say(
        "この窓口が まだ知らないカードです。照合番号Bか 暗証番号を入れて、もう一度 読んでください。",
        "This desk does not know the card yet. Type 照合番号B or the PIN, and have it read again.",
    ),
    "not_proven": Say(
        "このカードは、本物かどうかを示せません。照合番号Bか 暗証番号を入れて、もう一度 読んでください。",
        "The card has proven nothing. Type 照合番号B or the PIN, and have it read again.",
    ),
    "expired": Say("期限の切れたカードです。更新の手続きが要ります。", "This card, or what is on it, has run out."),
    "revoked": Say("失効したカードです。更新の手続きが要ります。", "This card's certificate was revoked."),
    "stale": Say("前に使われたものか、時間のすぎたものです。", "This was used before, or too late."),
    "terminal_refused": Say(
        "このカードは、この町の読み取り機に答えません。", "This card answers other terminals only."
    ),
    "clock_doubt": Say(
        "まだ有効でないカードです。このパソコンの時計が ちがうかもしれません。",
        "This is not valid yet. Most likely this PC's clock is wrong.",
    ),
    "unknown_issuer": Say(
        "だれが発行したカードか、このパソコンでは確かめられません。鍵の入れ物(trust)を 担当者に見てもらってください。",
        "Nobody whom this PC trusts has signed it, so it could not be checked. Have the trust folder looked at.",
    ),
    "forged": Say(
        "署名が合いません。本物のカードでは ないかもしれません。登録せずに、責任者に知らせてください。",
        "The signature does not fit: this may be no genuine card. Do not register it, and tell the officer in charge.",
    ),
    "turned_back": Say("前より戻っているカードです。写しかもしれません。", "This card has counted further before."),
    "presence": Say("いちど はなして、もう一度置いてください。", "Take the card away, and lay it there again."),
    "pin_wrong": Say(f"{_ASKED}が ちがいます。", "That was neither the code nor the PIN of this card."),
    "pin_last_try": Say(
        f"{_ASKED}は あと1回で止まります。使わずに やめました。カードの窓口で 設定しなおしてください。",
        "One try is left, and was not spent. The office for cards can set it anew.",
    ),
    "pin_blocked": Say(
        f"{_ASKED}は 止まっています。カードの窓口で 設定しなおすまで、手で入れてください。",
        "The code or PIN is blocked. The office for cards can set it anew; until then, type what the form says.",
    ),
    "pin_format": Say(
        "照合番号Bは14けた、暗証番号は4けたの数字です。カードには送っていません。",
        "照合番号B has 14 digits, the PIN has four. It was not shown to the card.",
    ),
}
"""By the reasons of `drivers.card.desk.WORDS`."""

DESK: Final[dict[str, Say]] = {
    "no_card": Say(
        "カードが置かれませんでした。置いてから、もう一度 押してください。",
        "No card came. Lay it there, and press again.",
    ),
    "no_reader": Say(
        "読み取り機が見つかりません。ケーブルを さしなおして、もう一度 押してください。",
        "There is no card reader. Plug its cable in again, and press again.",
    ),
    "no_service": Say(
        "このパソコンの カードのしくみ(pcscd)が動いていません。担当者に知らせてください。",
        "pcscd does not answer on this PC. Tell whoever looks after it.",
    ),
    "no_trust": Say(
        "鍵の入れ物(trust)が読めません。担当者に知らせてください。",
        "The trust folder cannot be read. Tell whoever looks after it.",
    ),
    "busy": Say(
        "ほかの画面が 読んでいるところです。少し待ってください。", "Another page is reading a card. Wait a moment."
    ),
}


def of_card(reason: str, kind: str = "", tries_left: int | None = None) -> Say:
    """Say what came of a card. `kind`: of another kind of card, which (`drivers.card.desk.OTHERS`)."""
    say = READ if reason == OK else CARD[reason]
    if kind:
        ja, _, en = OTHERS[kind].partition("。")
        return Say(f"{ja}。{say.ja}", f"{en} {say.en}")
    if reason == "pin_wrong" and tries_left is not None:
        return Say(f"{say.ja}あと {tries_left}回 試せます。", f"{say.en} Tries left: {tries_left}.")
    return say
