"""What officers do on the console, all of it refusable: a rule, a plan, a proposal, a touch that is to give nothing."""

from collections.abc import Mapping
from typing import Final

import msgspec
import sqlalchemy as sa

from central import store
from central.centre import Centre
from central.console.brought import NotDoneError, Said
from programs.points import activating
from programs.points.activating import proposals
from programs.points.drafts import ADDRESS_MAX, address, fresh_id, put, read_address
from programs.points.entries import Plan, Rule
from programs.points.fields import FieldsError, between, day, rule_of
from programs.points.office import book_in
from programs.points.voiding import answer, ask
from programs.points.written import PlanError, read
from sync.days import written

RULES_MAX: Final = 40
_MONTHS: Final = between(0, 120)


def change(centre: Centre, _by: str, typed: Mapping[str, str]) -> Said:
    """Put what was typed in the place of a rule of the draft; or behind them, if it is a new one."""
    plan, name = _draft(typed), typed.get("rule", "")
    before = next((rule for rule in plan.rules if rule.id == name), None)
    if name and before is None:
        raise NotDoneError("その規則は、この下書きにありません。", "There is no such rule in this draft.")
    if before is None:
        with store.reading(centre.engine) as connection:
            before = Rule(_fresh(connection, plan), 1)
    try:
        after = put(plan, rule_of(before, typed))
    except FieldsError as error:
        ja, en = (" ".join(getattr(one, tongue) for one in error.problems) for tongue in ("ja", "en"))
        raise NotDoneError(ja, en) from error
    if len(after.rules) > RULES_MAX:
        raise NotDoneError(f"規則は {RULES_MAX}までです。", f"{RULES_MAX} rules are the most.")
    return _drafted(after, "下書きを直しました。まだ提案していません。", "The draft is changed, and not proposed yet.")


def take(_centre: Centre, _by: str, typed: Mapping[str, str]) -> Said:
    """Take a plan as text, as the command does, in the place of the draft."""
    try:
        plan = read(typed.get("text", "").encode())
    except PlanError as error:
        many = len(error.problems)
        raise NotDoneError(
            f"直すところが {many}か所あります。文のすぐ上に書いてあります。",
            f"{many} things are wrong; they stand above the text.",
        ) from error
    return _drafted(plan, "文を読みました。まだ提案していません。", "The text was read. It is not proposed yet.")


def propose(centre: Centre, by: str, typed: Mapping[str, str]) -> Said:
    """Propose the draft, from a day on; another officer activates it."""
    plan = _draft(typed)
    try:
        starts, good_months = day(typed.get("starts", "")), _MONTHS(typed.get("good_months", "") or "0")
    except ValueError as error:
        raise NotDoneError(
            "始まる日は 2026-12-01 のように、期限は 0〜120 の数で書いてください。",
            "Write the first day as 2026-12-01, and the months as a number from 0 to 120.",
        ) from error
    made = activating.propose(centre, msgspec.structs.replace(plan, starts=starts, good_months=good_months), by)
    return Said(
        f"提案しました。別の担当者が承認すると、{written(starts)} から効きます。",
        f"Proposed. It counts from {written(starts)} on, if another officer activates it.",
        {"proposal": made.id},
    )


def activate(centre: Centre, by: str, typed: Mapping[str, str]) -> Said:
    """Put a proposal of another officer into force."""
    said = activating.activate(centre, typed.get("proposal", ""), by)
    starts = written(said.plan.starts)
    return Said(f"承認しました。{starts} の 0:00 から効きます。", f"Activated. It counts from {starts} on.")


def void(centre: Centre, by: str, typed: Mapping[str, str]) -> Said:
    """Ask that an entry should give no points; another officer confirms it."""
    entry = typed.get("entry", "")
    ask(centre, entry, typed.get("because", ""), by)
    return Said(
        "取り消しを頼みました。別の担当者が承認するまで、何も変わりません。",
        "Asked for. Nothing changes before another officer says yes.",
        {"entry": entry},
    )


def confirm(centre: Centre, by: str, typed: Mapping[str, str]) -> Said:
    """Say yes to what another officer has asked for."""
    answer(centre, typed.get("entry", ""), by, is_yes=True)
    return Said(
        "取り消しました。付いたポイントは、今夜の計算で戻ります。",
        "It gives no points now. What it gave is taken back tonight.",
        {"entry": typed["entry"]},
    )


def refuse(centre: Centre, by: str, typed: Mapping[str, str]) -> Said:
    """Say no to it; the same officer may, who has asked."""
    answer(centre, typed.get("entry", ""), by, is_yes=False)
    return Said("取り消しをやめました。", "It stays as it is.", {"entry": typed["entry"]})


def _draft(typed: Mapping[str, str]) -> Plan:
    plan = read_address(typed.get("draft", ""))
    if plan is None:
        raise NotDoneError(
            "下書きがありません。「ポイントの規則」から始めてください。",
            "There is no draft. Begin at the rules for points.",
        )
    return plan


def _drafted(plan: Plan, ja: str, en: str) -> Said:
    draft = address(plan)
    if len(draft) > ADDRESS_MAX:
        raise NotDoneError(
            "この計画は、画面で扱うには大きすぎます。コマンド machi central points propose を使ってください。",
            "This plan is too large for the page. Use the command machi central points propose.",
        )
    return Said(ja, en, {"draft": draft})


def _fresh(connection: sa.Connection, plan: Plan) -> str:
    book = book_in(connection)
    plans = [plan, *(page.said.plan for page in book.pages), *(one.plan for one in proposals(connection))]
    return fresh_id([*(rule.id for one in plans for rule in one.rules), *dict(book.stops)])
