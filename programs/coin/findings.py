"""What the figures of coin say, in sentences: of people and shops only what is shown, and nothing that is hidden."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from central.change import Change
from central.console.heat import of_times
from central.console.moment import Say
from central.hiding import K
from programs.coin.procedures.circulation import Month
from programs.coin.turnover.hiding import Shown
from sync.months import days_in, first_day, written

LARGEST: Final = 3
"""Shops whose share is named."""


def of_flow(series: Sequence[Month]) -> Iterator[Say]:
    """Say what was paid and charged in the last month, and how long a yen lies on a card."""
    if not series:
        return
    month, before = series[-1], series[-2].paid if len(series) > 1 else 0
    ja = en = ""
    if before > 0:
        more = f"{round(100 * month.paid / before) - 100:+}%"
        ja, en = f"(前の月より{more})", f" ({more} on the month before)"
    yield Say(
        f"支払いは{month.paid:,}円{ja}、チャージは{month.charged:,}円。",
        f"{month.paid:,} yen were paid{en}, and {month.charged:,} charged.",
    )
    if month.stays is not None:
        yield Say(
            f"月の終わりにカードにあったのは{month.held:,}円。1円は平均{month.stays:,}日で使われています。",
            f"{month.held:,} yen were on cards when the month ended; a yen stays for {month.stays:,} days on average.",
        )


def of_shown(month: int, seen: Shown, names: Mapping[str, Say]) -> list[Say]:
    """Say how many paid, when, where, and who was new."""
    if seen.is_hidden:
        few = f"この月に払った人は{K}人未満なので、人や店の数を出しません。"
        return [Say(few, f"Fewer than {K} people paid in this month: no figures of people and shops.")]
    if not seen.payments:
        return [Say("この月の支払いは届いていません。", "No payments of this month have arrived.")]
    return [
        *_people(seen),
        *of_times(seen.at, first_day(month), days_in(month), Say("支払い", "payments"), "件"),
        *_shops(seen),
        *_flows(seen, names),
        *_late(seen),
    ]


def _people(seen: Shown) -> Iterator[Say]:
    ja = en = ""
    if seen.new:
        ja, en = f"(うち{seen.new:,}人以上がはじめて)", f", {seen.new:,} or more for the first time"
    yield Say(
        f"{seen.people:,}人以上が{seen.all_shops:,}店で{seen.payments:,}回払いました{ja}。",
        f"{seen.people:,} people or more paid {seen.payments:,} times at {seen.all_shops:,} shops{en}.",
    )


def largest(seen: Shown) -> int | None:
    """Return which share (percent) of all yen the largest of the shops that are shown have; None for too few."""
    shops = sorted((shop.yen for shop in seen.shops.values() if shop.yen > 0), reverse=True)
    if len(shops) <= LARGEST or not seen.yen or seen.yen <= 0:
        return None
    return round(100 * sum(shops[:LARGEST]) / seen.yen)


def _shops(seen: Shown) -> Iterator[Say]:
    share = largest(seen)
    if share is not None:
        yield Say(
            f"見えている店の上位{LARGEST}店で、支払いの{share}%です。",
            f"The {LARGEST} largest of the shops that are shown have {share}% of what was paid.",
        )
    if seen.hidden_shops:
        yield Say(
            f"{seen.hidden_shops:,}店は、数を出しません(払った人が{K}人未満か、引き算で分かってしまうため)。",
            f"Not shown: {seen.hidden_shops:,} shops (fewer than {K} people, or they would tell such a number).",
        )


def _flows(seen: Shown, names: Mapping[str, Say]) -> Iterator[Say]:
    if seen.together:
        (desk, shop), number = max(seen.together.items(), key=lambda one: (one[1], one[0]))
        yield Say(
            f"{names[desk].ja}でチャージした人のうち{number:,}人以上が{names[shop].ja}で払いました。",
            f"At least {number:,} people who charged at {names[desk].en} paid at {names[shop].en}.",
        )


def _late(seen: Shown) -> Iterator[Say]:
    if seen.late:
        yield Say(
            f"{seen.late:,}件は、月が終わってから届きました。",
            f"{seen.late:,} payments arrived when the month was over.",
        )


def of_change(found: Change) -> Say:
    """Say what became of the payments; a season may explain it as well."""
    before, after = found.a_day
    more = "" if found.percent is None else f"({found.percent:+}%)"
    month, months = written(found.month), found.months
    return Say(
        f"{month}の前{months}か月は1日{before:,.0f}円、そこからの{months}か月は1日{after:,.0f}円{more}。"
        "季節のちがいも入っています。",
        f"{months} months before {month}: {before:,.0f} yen a day; {months} from then on: {after:,.0f}"
        f" {more}. Seasons are part of it.",
    )
