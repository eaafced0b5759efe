"""What 景品表示法 allows for the prizes of a draw; warnings, not verdicts: whoever runs the draw asks a lawyer.

The ceilings are those of 一般懸賞 (one organiser; a prize up to 20 times the purchase, 100,000 yen from 5,000 on; all
prizes up to 2 % of the sales) and of 共同懸賞 (many shops of an area; 300,000 yen and 3 %). A draw for which
nothing has to be bought (オープン懸賞) has none. Arithmetic only.
"""

from typing import Final

import msgspec

from programs.lottery.entries import Rules

OPEN, GENERAL, JOINT = "open", "general", "joint"
_SMALL_PURCHASE_YEN: Final = 5_000
_TIMES: Final = 20
_GENERAL_PRIZE_YEN, _JOINT_PRIZE_YEN = 100_000, 300_000
_PERCENT: Final = {GENERAL: 2, JOINT: 3}


class Warned(msgspec.Struct, frozen=True):
    """One thing that a lawyer should see."""

    ja: str
    en: str


class Ceilings(msgspec.Struct, frozen=True):
    """The most that one prize and all prizes together may be worth; None: no ceiling, or not known."""

    prize_yen: int | None
    total_yen: int | None


def ceilings(basis: str, sales_yen: int, purchase_yen: int) -> Ceilings:
    """Return what a basis allows."""
    if basis == OPEN:
        return Ceilings(None, None)
    total = sales_yen * _PERCENT[basis] // 100
    if basis == JOINT:
        return Ceilings(_JOINT_PRIZE_YEN, total)
    if purchase_yen <= 0:
        return Ceilings(None, total)
    prize = _TIMES * purchase_yen if purchase_yen < _SMALL_PURCHASE_YEN else _GENERAL_PRIZE_YEN
    return Ceilings(prize, total)


def warnings(rules: Rules) -> tuple[Warned, ...]:
    """Return what is against the rules' own basis, and what is doubtful about the basis itself."""
    found = list(_over(rules, rules.basis))
    if rules.basis == OPEN and (rules.cost_points or rules.purchase_yen or rules.sales_yen):
        found.append(
            Warned(
                "買い物でたまるポイントや買い物が条件なら、オープン懸賞ではありません。共同懸賞(joint)として見てください。",
                "If a ticket takes a purchase, or points that purchases earn, this is no open draw: judge it as joint.",
            )
        )
    if rules.basis == GENERAL and rules.purchase_yen <= 0:
        found.append(
            Warned(
                "一般懸賞の賞品の上限は買い物の額で決まります。purchase_yen を書いてください。",
                "The ceiling of a general draw follows from the purchase: say purchase_yen.",
            )
        )
    return tuple(found)


def beside(rules: Rules) -> tuple[Warned, ...]:
    """Return what the stricter 一般懸賞 would say of a joint draw; shown beside, and no reason to stop."""
    return tuple(_over(rules, GENERAL)) if rules.basis == JOINT else ()


def _over(rules: Rules, basis: str) -> list[Warned]:
    most = ceilings(basis, rules.sales_yen, rules.purchase_yen)
    top = max(prize.yen for prize in rules.prizes)
    total = sum(prize.yen * prize.count for prize in rules.prizes)
    name_ja = {OPEN: "オープン懸賞", GENERAL: "一般懸賞", JOINT: "共同懸賞"}[basis]
    found = []
    if most.prize_yen is not None and top > most.prize_yen:
        found.append(
            Warned(
                f"{name_ja}の賞品は1つ {most.prize_yen:,}円までです。一番高いものは {top:,}円です。",
                f"A prize of a {basis} draw may be worth {most.prize_yen:,} yen; the dearest is {top:,} yen.",
            )
        )
    if most.total_yen is not None and total > most.total_yen:
        found.append(
            Warned(
                f"{name_ja}の賞品は合わせて {most.total_yen:,}円(売上の{_PERCENT[basis]}%)までです。"
                f"いま {total:,}円です。",
                f"The prizes of a {basis} draw may be worth {most.total_yen:,} yen ({_PERCENT[basis]} % of the sales);"
                f" they are worth {total:,} yen.",
            )
        )
    return found
