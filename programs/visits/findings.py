"""What the figures say, in sentences. Made of what is shown, and of nothing that is hidden."""

from collections.abc import Iterator, Mapping, Sequence

from central.change import Change
from central.console.heat import of_times
from central.console.moment import Say
from central.hiding import K
from central.residents.ages import KNOWN, UNKNOWN
from programs.visits.books import Month, Spot
from programs.visits.hiding import ByAge, Shown
from sync.months import days_in, first_day, written


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
    return [
        *of_times(seen.at, first_day(month), days_in(month), Say("利用", "visits"), "回"),
        *_people(seen),
        *(_ages(ages) if ages else ()),
        *_others(beside, names),
    ]


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
    known = seen.people - unknown if unknown is not None else 0
    if known:
        yield Say(
            f"公開したときの{seen.people:,}人のうち、{known:,}人の年代が分かります。",
            f"Of {seen.people:,} people when it was published, the age of {known:,} is known.",
        )
    people = {band: seen.bands[band.name] for band in KNOWN if band.name in seen.bands}
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
    before, after = found.a_day
    more = "" if found.percent is None else f"({found.percent:+}%)"
    month, months = written(found.month), found.months
    return Say(
        f"{month}の前{months}か月は1日{before:.1f}回、そこからの{months}か月は1日{after:.1f}回{more}。季節のちがいも入っています。",
        f"{months} months before {month}: {before:.1f} visits a day; {months} from then on: {after:.1f}"
        f" {more}. Seasons are part of it.",
    )
