"""What the page of the reconciliation says, in Japanese and English: nobody is accused of anything."""

from collections.abc import Mapping
from typing import Final

import msgspec

from central.console.moment import Say
from programs.coin.reconciling import differences, sums
from programs.coin.settlement.facts import Reason
from programs.coin.trail import SHORT


class Row(msgspec.Struct, frozen=True):
    """A kind of difference: what each side says, and what it comes from."""

    unit: Say
    ledger: Say
    why: Say


_DONE: Final = Say("済", "done")
_NONE: Final = Say("なし", "nothing")

WHY: Final[Mapping[str, Say]] = {
    sums.LATER: Say("締めたあとに届いた(次の期間に入る)", "came when it was settled: in a later period"),
    sums.EARLIER: Say("前の期間の分が遅れて届いた", "of earlier periods, came late"),
    sums.OFFICE: Say("役場の返金など", "by the office: refunds and the like"),
    sums.UNLIKE: Say("説明がつかない", "nothing explains it"),
    sums.OPENING: Say("前からの繰り越し", "carried forward from before"),
    sums.RETURNED: Say("戻った振込をもう一度払う分", "transfers that came back, to be paid again"),
    sums.CARRIED: Say("次へ繰り越し", "carried forward"),
    sums.BOUNCED: Say("この振込が銀行から戻った", "this transfer came back"),
}

ROWS: Final[Mapping[str, Row]] = {
    differences.SHORT: Row(_DONE, Say("残高が不足", "the balance is short"), SHORT),
    differences.UNPROVEN: Row(
        _DONE,
        Say("取り戻した", "taken back"),
        Say("カードの署名がないので、店の売上から戻しました。", "The card had not signed it; it was taken back."),
    ),
    differences.CLOSING: Row(
        Say("レジの締め", "a closing of the till"),
        Say("記録の合計とちがう", "another sum than its entries"),
        Say("締めの数と、届いている記録の合計が合いません。", "The closing and the entries that are held differ."),
    ),
    differences.BACK: Row(
        _NONE,
        Say("振り込んだ", "paid"),
        Say(
            "銀行から戻りました。次の回に、もう一度払います。", "The bank sent it back; it is paid again with the next."
        ),
    ),
    differences.FORK: Row(
        Say("2つある", "two of them"),
        Say("1つだけ数えた", "one is counted"),
        Say(
            "同じ番号の記録が2つあります。内容が違います。(REC-010)",
            "Two entries have one number and differ. (REC-010)",
        ),
    ),
    differences.LATE: Row(
        _DONE,
        Say("この期間に数えた", "counted in this period"),
        Say("前の期間の記録が、締めたあとに届きました。", "It is of an earlier period and came when that was settled."),
    ),
}

REASONS: Final[Mapping[Reason, Say]] = {
    Reason.SHORT: Say("残高不足(オフライン受付)", "balance too small, taken without a network"),
    Reason.LATE: Say("遅れて届いた", "came late"),
    Reason.TWICE: Say("二重に受け付けた", "taken twice"),
    Reason.TYPED: Say("打ちまちがい", "typed wrongly"),
    Reason.CASH: Say("現金の数えちがい", "cash counted wrongly"),
    Reason.UNIT: Say("端末の故障・写し", "a unit that failed or was copied"),
    Reason.BANK: Say("銀行で戻った", "the bank sent it back"),
    Reason.OTHER: Say("そのほか", "something else"),
}
