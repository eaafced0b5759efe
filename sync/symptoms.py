"""What a unit can suffer from: names, grades and words that a unit, its technician and the office share.

A symptom is what people notice or soon will, and what a person can do about it; never a cause that only an engineer
would look for. A unit says its present ones with every contact, in one line of text (`spell`); no rule goes by it.
"""

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

SHOWN_MAX: Final = 20  # a unit that says more is broken otherwise


class What(StrEnum):
    """The symptoms that this version knows, the gravest first."""

    READER_GONE = "reader-gone"
    READER_HUNG = "reader-hung"
    FILES = "files"
    ROOM = "room"
    POWER = "power"
    HOT = "hot"
    WEAR = "wear"
    READER_DIRTY = "reader-dirty"
    TWIN = "twin"
    UPDATE = "update"
    CLOCK = "clock"


class Why(IntEnum):
    """Why a unit went back to the system that it had before an update; the figure of that symptom."""

    NOT_STARTED = 1
    INTERRUPTED = 2
    DAEMON = 3
    JOURNAL = 4
    SERVICE = 5
    READER = 6
    SCREEN = 7
    PRINTER = 8
    DEVICE = 9
    CENTRE = 10
    CUT_OFF = 11


class Grade(StrEnum):
    SEE = "see"  # it works; somebody should see to it when there is time
    ACT = "act"  # people are being turned away, or soon will be


class Symptom(msgspec.Struct, frozen=True):
    """Something that a person should see to. `figure`: the number in its words. `what`: perhaps of a later version."""

    what: str
    grade: Grade
    figure: int = 0


class Meaning(msgspec.Struct, frozen=True):
    """What a symptom means, and what to do about it, in Japanese and in English."""

    ja: str
    en: str
    do_ja: str
    do_en: str


_MEANINGS: Final[Mapping[str, Meaning]] = {
    What.READER_GONE: Meaning(
        ja="カードリーダーが見つかりません",
        en="no card reader can be found",
        do_ja="USBケーブルを抜いて差し直してください。直らなければ別の差し込み口か、予備のリーダーへ",
        do_en="unplug its cable and plug it in again; if that does not help, another socket or a spare reader",
    ),
    What.READER_HUNG: Meaning(
        ja="カードリーダーが固まりました(この1日に {figure} 回)",
        en="the card reader hung ({figure} times within a day)",
        do_ja="続くなら、USBケーブルと電源を確かめ、予備のリーダーに替えてください",
        do_en="if it goes on: check its cable and the power supply, then take a spare reader",
    ),
    What.FILES: Meaning(
        ja="SDカードのファイルに壊れたところがあります({figure} か所)",
        en="the file system on the card has errors ({figure})",
        do_ja="お金の機能は止めました。記録を送らせるか machi unit export で写し取り、新しいカードに替えてください",
        do_en="money functions have stopped; let it send its journal, or copy it by machi unit export; change the card",
    ),
    What.ROOM: Meaning(
        ja="記録する場所が少なくなっています(残り {figure} MiB)",
        en="room for the journal is running out ({figure} MiB left)",
        do_ja="ネットワークにつないで記録を送り、いらないファイルを消してください",
        do_en="connect it, so that the journal is sent, and remove files that nobody needs",
    ),
    What.POWER: Meaning(
        ja="電源の電圧が足りません(この1日に {figure} 回)",
        en="the supply voltage was too low ({figure} times within a day)",
        do_ja="正規の電源アダプターと、短く太いケーブルに替えてください。USBの余分な機器は外します",
        do_en="use the board maker's power supply and a short, thick cable; unplug USB devices that nobody needs",
    ),
    What.HOT: Meaning(
        ja="端末の中が熱くなっています({figure} ℃)",
        en="it is hot inside ({figure} °C)",
        do_ja="日なたや暖房から離し、通風口をふさぐものをどけてください",
        do_en="keep it out of the sun and away from heaters, and clear its vents",
    ),
    What.WEAR: Meaning(
        ja="SDカードの寿命が近づいています({figure} % 使いました)",
        en="the card is wearing out ({figure} % of its life is used)",
        do_ja="次の訪問で、新しいカードに替えてください",
        do_en="put in a new card at the next visit",
    ),
    What.READER_DIRTY: Meaning(
        ja="カードの読み取りに失敗することが増えています(最近の {figure} %)",
        en="reading cards fails more often than it used to here ({figure} % lately)",
        do_ja="読み取り面を乾いた布でふき、金属や他のカードを近くに置かないでください",
        do_en="wipe the reader with a dry cloth; keep metal and other cards away from it",
    ),
    What.TWIN: Meaning(
        ja="記録の控えが止まっています(控えにない記録 {figure} 件)",
        en="the journal's twin has stopped ({figure} entries are not in it)",
        do_ja="控え用のUSBメモリか、控えを預かる隣の端末を見てください。くわしくは machi unit doctor",
        do_en="look at its USB stick, or at the neighbour that keeps it; machi unit doctor says more",
    ),
    What.UPDATE: Meaning(
        ja="更新は取りやめ、前のシステムに戻りました: {figure}",
        en="an update was given up, and the system before it runs: {figure}",
        do_ja="この端末は前のまま使えます。理由を直してから machi unit update をもう一度",
        do_en="it serves as before; see to the reason, then say machi unit update once more",
    ),
    What.CLOCK: Meaning(
        ja="時計が正しいとわかりません",
        en="nothing vouches for the clock",
        do_ja="ネットワークに一度つなぐか、電池時計を付けるか、その電池を替えてください",
        do_en="connect it once, or fit a battery clock, or change its cell",
    ),
}


_WHY: Final[Mapping[int, tuple[str, str]]] = {
    Why.NOT_STARTED: ("新しいシステムが起動しませんでした", "the new system did not come up"),
    Why.INTERRUPTED: ("書き込みの途中で電源が切れました", "the power went while it was written"),
    Why.DAEMON: ("端末のプログラムが動きませんでした", "the unit's daemon did not run"),
    Why.JOURNAL: ("記録が読めませんでした", "the journal was not what it was"),
    Why.SERVICE: ("お休みのままでした", "it served nobody"),
    Why.READER: ("カードリーダーが使えませんでした", "the card reader did not work"),
    Why.SCREEN: ("画面が出ませんでした", "the screen showed nothing"),
    Why.PRINTER: ("プリンターが使えませんでした", "the printer did not work"),
    Why.DEVICE: ("前に使えた機器が使えませんでした", "a device that had worked did not"),
    Why.CENTRE: ("町につながりませんでした", "the town could not be reached"),
    Why.CUT_OFF: (
        "確かめ終わる前に電源が切れたか、止まりました",
        "it came up, and was cut off or stopped before it could be kept",
    ),
}


def meaning(symptom: Symptom) -> Meaning:
    """Return the words for a symptom, its figure put in; a later version's is called by its name."""
    found = _MEANINGS.get(symptom.what) or Meaning(
        ja=f"端末の不調「{symptom.what}」",
        en=f"a symptom that this version does not know: {symptom.what}",
        do_ja="くわしい人に見てもらってください",
        do_en="ask somebody who knows the units",
    )
    figure = f"{symptom.figure:,}"
    ja, en = _WHY.get(symptom.figure, (figure, figure)) if symptom.what == What.UPDATE else (figure, figure)
    return Meaning(
        ja=found.ja.replace("{figure}", ja),
        en=found.en.replace("{figure}", en),
        do_ja=found.do_ja.replace("{figure}", ja),
        do_en=found.do_en.replace("{figure}", en),
    )


def of_update(why: str) -> tuple[str, str] | None:
    """Return in Japanese and English why a unit went back, by the reason's name in an entry ("not-started")."""
    return next((words for reason, words in _WHY.items() if Why(reason).name.lower().replace("_", "-") == why), None)


# ---- as one line of text


_FIGURE_MAX: Final = 999_999_999
_SPELLED: Final = re.compile(r"([a-z][a-z-]{0,30})\.(see|act)\.([0-9]{1,9})")


def spell(symptoms: Iterable[Symptom]) -> str:
    """Return symptoms as one line: `room.act.12,hot.see.78`."""
    return ",".join(f"{one.what}.{one.grade}.{min(max(0, one.figure), _FIGURE_MAX)}" for one in symptoms)


def read(line: str) -> tuple[Symptom, ...]:
    """Undo `spell`; what is not of that form is left out, for nobody vouches for it."""
    found = (_SPELLED.fullmatch(part) for part in line.split(",")[:SHOWN_MAX])
    return tuple(Symptom(one[1], Grade(one[2]), int(one[3])) for one in found if one)
