"""What the figures say, in sentences. Made of what is shown, and of nothing that is hidden."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from central.console.moment import Say
from central.residents.ages import KNOWN, UNKNOWN
from programs.visits.books import Month, Spot
from programs.visits.counting import HOURS, WEEKDAYS, days_of
from programs.visits.coverage import Coverage
from programs.visits.hiding import ByAge, K, Shown
from sync.months import first_day, written

DAYS: Final = (
    *(Say("月", "Mon"), Say("火", "Tue"), Say("水", "Wed"), Say("木", "Thu")),
    *(Say("金", "Fri"), Say("土", "Sat"), Say("日", "Sun")),
)
_WEEK: Final = len(DAYS)


class Change(msgspec.Struct, frozen=True):
    """Some months before a change and as many from it on: visits and days of each."""

    month: int
    months: int
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def percent(self) -> int | None:
        """Return by how much the visits a day have changed; None where there were none before."""
        (before, days_before), (after, days_after) = self.before, self.after
        return round(100 * after * days_before / (before * days_after)) - 100 if before else None


def change(totals: Mapping[int, Shown], month: int, most: int) -> Change | None:
    """Compare months with each other; None where not one month on either side may be shown.

    Args:
        totals: of months that are over.
        month: the first one after the change.
        most: so many months on either side, or as few as both sides have.
    """
    before = _run(totals, [month - 1 - number for number in range(most)])
    after = _run(totals, [month + number for number in range(most)])
    number = min(len(before), len(after))
    if not number:
        return None
    return Change(month, number, _sum(totals, before[:number]), _sum(totals, after[:number]))


def _run(totals: Mapping[int, Shown], months: Sequence[int]) -> list[int]:
    found = []
    for month in months:
        if month not in totals or totals[month].is_hidden:
            break
        found.append(month)
    return found


def _sum(totals: Mapping[int, Shown], months: Sequence[int]) -> tuple[int, int]:
    visits = sum(totals[month].visits or 0 for month in months)
    return visits, sum(first_day(month + 1) - first_day(month) for month in months)


def of_town(month: Month, names: Mapping[str, Say]) -> list[Say]:
    """Say which place was used most, and what is hidden."""
    open_ones = {spot: seen for spot, seen in month.spots.items() if not seen.is_hidden}
    said = []
    if open_ones:
        spot, seen = max(open_ones.items(), key=lambda one: (one[1].visits or 0, one[0]))
        name = names[spot.place]
        said.append(
            Say(
                f"いちばん使われたのは{name.ja}です({seen.visits:,}回、{seen.people:,}人)。",
                f"Used most: {name.en} ({seen.visits:,} visits of {seen.people:,} people).",
            )
        )
    if hidden := len(month.spots) - len(open_ones):
        said.append(
            Say(
                f"{hidden}か所は、使った人が{K}人未満なので数を出しません。",
                f"Hidden, because fewer than {K} people came there: {hidden}.",
            )
        )
    return said or [Say("この月の利用は届いていません。", "No visits of this month have arrived.")]


def of_spot(
    month: int, seen: Shown, ages: ByAge | None, beside: Sequence[tuple[Spot, int]], names: Mapping[str, Say]
) -> list[Say]:
    """Say when it is used, by whom, and what else they use. `ages`: as it was published, if it was counted by age."""
    if seen.is_hidden:
        few = f"この月に使った人は{K}人未満なので、数を出しません。"
        return [Say(few, f"Fewer than {K} people came in this month, so no figures are shown.")]
    if not seen.visits:
        return [Say("この月の利用は届いていません。", "No visits of this month have arrived.")]
    return [*_times(month, seen), *_people(seen), *(_ages(ages) if ages else ()), *_others(beside, names)]


def _times(month: int, seen: Shown) -> Iterator[Say]:
    since, days = first_day(month), first_day(month + 1) - first_day(month)
    often = {at: number / days_of(at[0], since, days) for at, number in seen.at.items() if number}
    if often:
        (weekday, hour), number = max(often.items(), key=lambda one: (one[1], one[0]))
        yield Say(
            f"{DAYS[weekday].ja}曜{hour}時台がいちばん多い(1回あたり{number:.1f}回)。",
            f"Busiest: {DAYS[weekday].en} from {hour}:00 ({number:.1f} visits each time).",
        )
    empty = [day for day in WEEKDAYS if all(seen.at.get((day, hour)) == 0 for hour in HOURS)]
    if 0 < len(empty) < _WEEK:
        ja, en = ("・".join(DAYS[day].ja for day in empty), ", ".join(DAYS[day].en for day in empty))
        yield Say(f"{ja}曜の利用はありません。", f"No visits on {en}.")


def _people(seen: Shown) -> Iterator[Say]:
    if seen.new is not None and seen.people:
        share = round(100 * seen.new / seen.people)
        yield Say(
            f"{seen.people:,}人のうち{seen.new:,}人({share}%)がはじめて来ました。",
            f"{seen.new:,} of {seen.people:,} people ({share}%) came for the first time.",
        )


def _ages(seen: ByAge) -> Iterator[Say]:
    """Say which band has most people, and of how many it is known; a hidden band is smaller than any that is shown."""
    unknown = seen.bands.get(UNKNOWN.name)
    known = seen.people - unknown.people if unknown else 0
    if known:
        yield Say(
            f"公開したときの{seen.people:,}人のうち、{known:,}人の年代が分かります。",
            f"Of {seen.people:,} people when it was published, the age of {known:,} is known.",
        )
    people = {band: seen.bands[band.name].people for band in KNOWN if band.name in seen.bands}
    band = max(people, key=lambda one: people[one], default=None)
    if band and people[band]:
        ja, en = f"{people[band]:,}人", f"{people[band]:,}"
        if known:
            share = round(100 * people[band] / known)
            ja, en = f"{ja}、{share}%", f"{en}, {share}%"
        yield Say(
            f"年代が分かる人では、{band.ja}がいちばん多い({ja})。",
            f"Of those whose age is known, most are {band.en} ({en}).",
        )


def _others(beside: Sequence[tuple[Spot, int]], names: Mapping[str, Say]) -> Iterator[Say]:
    for spot, number in beside[:1]:
        name = names[spot.place]
        yield Say(
            f"ここを使った人のうち{number:,}人以上が{name.ja}も使いました。",
            f"At least {number:,} of its people also used {name.en}.",
        )


def of_change(found: Change) -> Say:
    """Say what became of the visits; a season may explain it as well."""
    before, after = (visits / days for visits, days in (found.before, found.after))
    more = "" if found.percent is None else f"({found.percent:+}%)"
    month, months = written(found.month), found.months
    return Say(
        f"{month}の前{months}か月は1日{before:.1f}回、そこからの{months}か月は1日{after:.1f}回{more}。季節のちがいも入っています。",
        f"{months} months before {month}: {before:.1f} visits a day; {months} from then on: {after:.1f}"
        f" {more}. Seasons are part of it.",
    )


def of_coverage(found: Coverage) -> Say:
    """Say how much there is, so that silence is not read as absence."""
    missing_ja = f"、未着 {found.missing:,}件" if found.missing else ""
    missing_en = f", {found.missing:,} entries missing" if found.missing else ""
    lost_ja = f"、失われた記録 {found.lost:,}件" if found.lost else ""
    lost_en = f", {found.lost:,} entries lost" if found.lost else ""
    return Say(
        f"{found.complete}/{found.units}台{missing_ja}{lost_ja}",
        f"{found.complete} of {found.units} units{missing_en}{lost_en}",
    )
