"""What the desk prints: the sheet that a resident takes home, and the register of files that the law wants published.

Both are rows of a label and what stands beside it; `drawing` makes paper of them. Arithmetic only.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import msgspec

from central.residents.days import day
from central.residents.person import ITEMS, Person
from central.residents.standing import Standing
from sync.residents import CardEnd, Form, How, Language, Leaving

PUBLISHED_FROM: Final = 1_000
"""Files about fewer people need no entry: 個人情報保護法 Art. 74 (2) ix with 75 (2) i, 同法施行令 Art. 20 (2)."""

SEXES: Final = {"1": "男 / male", "2": "女 / female", "9": "適用不能 / not applicable", "0": "不明 / not known"}
HOW: Final = {How.CARD: "カードで確認 / read from the card", How.TYPED: "申込書から入力 / typed from a form"}
FORMS: Final = {Form.CARD: "マイナンバーカード / My Number Card", Form.TOKEN: "町のカード / card of the town"}
ENDS: Final = {
    None: "使えます / in use",
    CardEnd.LOST: "紛失 / lost",
    CardEnd.STOPPED: "停止 / stopped",
    CardEnd.RETURNED: "返却 / returned",
    CardEnd.RENEWED: "更新ずみ / renewed",
}
LANGUAGES: Final = {Language.JA: "日本語", Language.EASY: "やさしい日本語", Language.EN: "English"}
LEFT: Final = {
    Leaving.MOVED: "転出 / moved away",
    Leaving.DIED: "死亡 / died",
    Leaving.ENDED: "利用終了 / ended",
}
CARD_SHOWN: Final = 8  # letters of a card's name: enough to tell somebody's own cards apart


class Row(msgspec.Struct, frozen=True):
    """A label and what stands beside it; without a label, a paragraph of its own."""

    label: str
    value: str


class Paper(msgspec.Struct, frozen=True):
    """What is to be printed. `signed`: whether somebody signs it by hand."""

    title: str
    rows: tuple[Row, ...]
    is_signed: bool = False


COUNTS_AGES: Final = (
    "どの施設やサービスが どの年代に使われているかを数える統計のため"
    "(同意した人の4月1日の年齢を、15歳未満から75歳以上までの5つに分けて数えます。5人未満の数は出しません)"
)
"""The purpose that a town states by counting ages; without it nothing is counted."""


class Office(msgspec.Struct, frozen=True):
    """The town as it signs its papers: see `central.folder.RegistrationConfig`."""

    town: str = ""
    phone: str = ""
    office: str = ""
    address: str = ""
    purposes: tuple[str, ...] = ()
    given_to: tuple[str, ...] = ()
    remarks: str = ""
    counts_ages: bool = False

    @property
    def used_for(self) -> tuple[str, ...]:
        """Every purpose that has to be stated."""
        return (*self.purposes, COUNTS_AGES) if self.counts_ages else self.purposes

    @property
    def lacks(self) -> list[str]:
        """What has to be said before anything can be published, and is not: names in central.toml."""
        return [name for name in ("office", "address", "purposes") if not getattr(self, name)]


def sheet(
    holder: str,
    person: Person,
    was: Standing,
    family: tuple[Iterable[str], Iterable[str]],
    programs: Mapping[str, str],
    office: Office,
    today: date,
) -> Paper:
    """Return the sheet for somebody: what is known of them, and what they agreed to.

    Args:
        family: the names of guardians, and of children.
        programs: what each program is called, by its folder's name.
    """
    guardians, children = ("、".join(names) for names in family)
    rows = [
        Row("発行 / Issued", f"{office.town} {office.office}  {day(today)}"),
        Row("番号 / Number", _groups(holder)),
        *_of_person(person),
        Row("確認 / Checked", HOW[was.how]),
        *_of_cards(was),
        *_of_consents(was, programs),
        Row("伝え方 / How we speak to you", _prefers(was)),
        Row("保護者 / Guardian", guardians),
        Row("子ども / Children", children),
        Row("状態 / State", LEFT.get(was.left, "")),
        *(Row("利用目的 / Used for", purpose) for purpose in office.used_for),
        Row("問い合わせ / Ask", f"{office.office} {office.address} 電話 {office.phone}".strip()),
        Row("", "マイナンバー(個人番号)は 読み取っても 記録しても いません。同意は いつでも 取りやめられます。"),
        Row("", "Your personal number is neither read nor kept. You can withdraw consent at any time."),
    ]
    return Paper("利用登録の控え / Your registration", tuple(row for row in rows if row.value), is_signed=True)


def _of_person(person: Person) -> Iterable[Row]:
    for field, (ja, en) in ITEMS.items():
        value = getattr(person, field)
        shown = day(value) if field == "birth" else SEXES.get(value, "") if field == "sex" else value
        yield Row(f"{ja} / {en}", shown)


def _of_cards(was: Standing) -> Iterable[Row]:
    for name, one in was.cards.items():
        yield Row("カード / Card", f"{name[:CARD_SHOWN]}  {FORMS[one.form]}  {ENDS[one.ended]}")


def _of_consents(was: Standing, programs: Mapping[str, str]) -> Iterable[Row]:
    for name, called in programs.items():
        yield Row(f"同意: {called} / Consent", "はい / yes" if was.agrees_to(name) else "いいえ / no")


def _prefers(was: Standing) -> str:
    said = was.prefers
    wanted = [
        *(["声 / voice"] if said.voice else []),
        *(["大きな字 / large letters"] if said.large else []),
        *(["静かに / quiet"] if said.quiet else []),
        LANGUAGES[said.lang],
    ]
    return "、".join(wanted)


def register_of_files(office: Office, programs: Iterable[str], people: int) -> Paper:
    """Return the entry of the residents' file in 個人情報ファイル簿.

    What it has to say: 個人情報の保護に関する法律 Art. 75 (1), which names Art. 74 (1) i to vii, ix and x, and what the
    cabinet order adds (施行令 Art. 21). The rows stand in that order.
    """
    items = "、".join(
        [
            *(ja for ja, _ in ITEMS.values()),
            *(
                "カードの仮名(カードの番号ではない)",
                "登録番号",
                "サービスごとの同意",
                "保護者と子の関係",
                "表示・音の希望",
            ),
            *("転出・死亡・利用終了の別と日付", "閲覧の記録"),
            *(f"{called}の記録" for called in programs),
        ]
    )
    duty = (
        f"{people:,}人(1,000人以上のため、公表の対象)"
        if people >= PUBLISHED_FROM
        else f"{people:,}人(1,000人未満。条例で定めがなければ、作成・公表は任意)"
    )
    rows = (
        Row("個人情報ファイルの名称", "利用登録者ファイル"),
        Row("行政機関等の名称", office.town),
        Row("個人情報ファイルが利用に供される事務をつかさどる組織の名称", office.office),
        Row("個人情報ファイルの利用目的", " ".join(office.used_for)),
        Row("記録項目", items),
        Row("記録範囲", "町のサービスの利用を登録した人と、その保護者"),
        Row("記録情報の収集方法", "本人または保護者の申込み、本人のカードの券面事項の読取り、端末へのタッチ"),
        Row("要配慮個人情報が含まれるときは、その旨", "含まない"),
        Row("記録情報の経常的提供先", "、".join(office.given_to) or "なし"),
        Row("開示請求等を受理する組織の名称及び所在地", f"{office.office} {office.address}"),
        Row("訂正及び利用停止に関する他の法律又はこれに基づく命令の規定による特別の手続", "なし"),
        Row("個人情報ファイルの種別", "法第60条第2項第1号(電算処理ファイル)"),
        Row("行政機関等匿名加工情報の提案の募集をする個人情報ファイルである旨", "非該当"),
        Row("本人の数", duty),
        Row("備考", office.remarks or "—"),
    )
    return Paper("個人情報ファイル簿", rows)


def _groups(holder: str) -> str:
    return " ".join(holder[at : at + 4] for at in range(0, len(holder), 4))
