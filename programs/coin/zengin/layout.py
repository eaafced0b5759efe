"""The four records of a file, field by field, each 120 bytes.

The Japanese names are those of the published tables. What has the same value in every file of ours stands here too:
総合振込, in JIS, by wire, with no remark whether an account is paid for the first time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from programs.coin.zengin import fields, letters
from programs.coin.zengin.fields import C, Field, N

RECORD_BYTES: Final = 120
_EDI_MARK_AT = 112  # 識別表示


@dataclass(frozen=True)
class Layout:
    """One kind of record."""

    kind: str
    name: str
    fields: tuple[Field, ...]

    def line(self, values: Mapping[Field, str]) -> bytes:
        """Return a record with these values.

        Raises:
            ZenginError: a field cannot hold its value.
        """
        texts = [fields.written(field, values[field] if field.only is None else field.only) for field in self.fields]
        return letters.encode("".join(texts))

    def cut(self, record: bytes) -> dict[Field, str]:
        """Return the values of a record.

        Raises:
            ZenginError: a field holds what it cannot hold.
        """
        values: dict[Field, str] = {}
        at = 0
        for field in self.fields:
            values[field] = fields.read(field, record[at : at + field.width], at + 1)
            at += field.width
        return values


def _layout(kind: str, name: str, *rest: Field) -> Layout:
    return Layout(kind, name, (N("record kind", 1, kind), *rest))  # データ区分


HEADER: Final = _layout(
    "1",
    "header",
    N("kind of transfer", 2, "21"),  # 種別コード: 総合振込
    N("kind of code", 1, "0"),  # コード区分: JIS
    fields.PAYER_CODE,  # 振込依頼人コード, 委託者コード
    fields.PAYER_NAME,  # 振込依頼人名, 委託者名
    fields.DATE,  # 取組日, 振込指定日: MMDD
    fields.BANK,  # 仕向銀行番号
    fields.BANK_NAME,  # 仕向銀行名
    fields.BRANCH,  # 仕向支店番号
    fields.BRANCH_NAME,  # 仕向支店名
    fields.ACCOUNT_KIND,  # 預金種目
    fields.ACCOUNT,  # 口座番号
    C("filler", 17, only=""),  # ダミー
)


def _transfer(*reference: Field, edi_mark: str) -> Layout:
    return _layout(
        "2",
        "transfer",
        fields.BANK,  # 被仕向銀行番号
        fields.BANK_NAME,  # 被仕向銀行名
        fields.BRANCH,  # 被仕向支店番号
        fields.BRANCH_NAME,  # 被仕向支店名
        N("clearing house", 4, "0000"),  # 手形交換所番号: not used
        fields.ACCOUNT_KIND,  # 預金種目
        fields.ACCOUNT,  # 口座番号
        fields.PAYEE_NAME,  # 受取人名
        fields.YEN,  # 振込金額
        N("new account", 1, "0"),  # 新規コード: その他
        *reference,
        N("way of transfer", 1, "7"),  # 振込指定区分: テレ振込
        C("EDI mark", 1, only=edi_mark),  # 識別表示
        C("filler", 7, only=""),  # ダミー
    )


WITH_CODES: Final = _transfer(fields.CUSTOMER_1, fields.CUSTOMER_2, edi_mark="")  # 顧客コード1, 顧客コード2
WITH_EDI: Final = _transfer(fields.EDI, edi_mark="Y")  # EDI情報

TRAILER: Final = _layout(
    "8",
    "trailer",
    fields.COUNT,  # 合計件数
    fields.TOTAL,  # 合計金額
    C("filler", 101, only=""),  # ダミー
)

END: Final = _layout("9", "end", C("filler", 119, only=""))  # ダミー


def transfer_layout(record: bytes) -> Layout:
    """Return how a transfer is laid out: with a text for the payee if its mark says so, else with two codes."""
    return WITH_EDI if record[_EDI_MARK_AT : _EDI_MARK_AT + 1] == b"Y" else WITH_CODES
