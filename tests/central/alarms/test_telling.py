"""When somebody is told: once, now and then, once more; and how little when something comes and goes."""

import itertools
from collections.abc import Callable, Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from central.alarms.letters import letter
from central.alarms.telling import APART_MS, News, Told, step
from central.console.moment import Moment, Say
from central.console.troubles import Kind, Trouble
from sync.symptoms import Grade

MINUTE = 60_000
HOUR, DAY = 60, 1_440  # minutes
START = 1_795_392_000_000
HERE = Moment(START, 540)


def trouble(name: str = "lib01", grade: Grade = Grade.ACT, covers: tuple[str, ...] = ()) -> Trouble:
    say = Say(f"{name}: 連絡がありません。", f"{name}: not heard.")
    return Trouble(name, Kind.SILENT, grade, say, Say("電話してください。", "Phone the place."), covers=covers)


def play(
    minutes: int,
    there: Callable[[int], Sequence[Trouble]],
    *,
    quiet: Callable[[int], bool] = lambda _at: False,
    blind: Callable[[int], bool] = lambda _at: False,
) -> list[tuple[int, News]]:
    """Look every minute, with what is there in it; return what was told when. What is remembered goes by the disk."""
    told, messages = Told(), []
    for at in range(minutes):
        kept = msgspec.json.decode(msgspec.json.encode(told), type=Told)
        told, news = step(kept, there(at), START + at * MINUTE, quiet=quiet(at), blind=blind(at))
        if news.is_any:
            messages.append((at, news))
    return messages


def counts(messages: list[tuple[int, News]]) -> list[tuple[int, int, int, int]]:
    return [(at, len(news.began), len(news.lasts), len(news.ended)) for at, news in messages]


def test_one_is_told_once_when_it_has_stood_and_once_when_it_is_over() -> None:
    found = play(200, lambda at: [trouble()] if 10 <= at < 100 else [])
    assert counts(found) == [(13, 1, 0, 0), (115, 0, 0, 1)]
    assert found[0][1].began[0].ja == "lib01: 連絡がありません。"


def test_what_is_over_at_once_is_not_told_at_all() -> None:
    assert play(200, lambda at: [trouble()] if 10 <= at < 12 else []) == []


def test_what_can_wait_is_not_told() -> None:
    assert play(60, lambda _at: [trouble(grade=Grade.SEE)]) == []


def test_one_that_lasts_is_told_again_after_a_day_after_three_and_then_every_week() -> None:
    found = play(31 * DAY, lambda _at: [trouble()])
    assert [(at - 3) / DAY for at, _ in found] == [0, 1, 3, 7, 14, 21, 28]
    assert all(news.lasts for _, news in found[1:])


def test_many_that_begin_and_end_go_into_one_message() -> None:
    found = play(120, lambda at: [trouble(f"u{n}") for n in range(5) if at >= 10 + n // 3] if at < 60 else [])
    assert counts(found) == [(13, 3, 0, 0), (18, 2, 0, 0), (75, 0, 0, 5)]
    assert (found[1][0] - found[0][0]) * MINUTE >= APART_MS


def test_one_that_comes_and_goes_every_minute_is_told_and_then_is_not_over() -> None:
    found = play(6 * HOUR, lambda at: [trouble()] if at % 2 else [])
    assert [(began, ended) for _, began, _, ended in counts(found)] == [(1, 0)]


def test_one_that_comes_and_goes_all_day_is_told_less_and_less() -> None:
    """Twenty minutes there, twenty away: 72 changes in a day."""
    found = play(DAY, lambda at: [trouble()] if at % 40 < 20 else [])
    assert len(found) <= 6
    first, last = found[0], found[-1]
    assert first[1].began
    assert last[0] < 6 * HOUR, "after that it is known to come and go, and is told as lasting if it is"


def test_one_that_comes_back_within_a_day_has_to_stand_anew_and_for_longer() -> None:
    found = play(600, lambda at: [trouble()] if at < 60 or 300 <= at < 400 else [])
    assert counts(found) == [(3, 1, 0, 0), (75, 0, 0, 1), (312, 1, 0, 0), (430, 0, 0, 1)]
    assert found[2][1].began[0].first_ms == START + 300 * MINUTE


def test_one_that_comes_back_after_quiet_days_is_told_as_promptly_as_the_first_time() -> None:
    found = play(4 * DAY, lambda at: [trouble()] if at < 60 or 3 * DAY <= at < 3 * DAY + 60 else [])
    assert [at for at, news in found if news.began] == [3, 3 * DAY + 3]


def test_in_quiet_hours_nobody_is_told_and_in_the_morning_only_of_what_still_is() -> None:
    found = play(
        900,
        lambda at: [trouble("over")] if 100 <= at < 200 else [trouble("still")] if at >= 300 else [],
        quiet=lambda at: at < 600,
    )
    assert [(at, [one.en for one in news.began]) for at, news in found] == [(600, ["still: not heard."])]


def test_what_is_told_as_one_is_not_told_as_over_before_it_is() -> None:
    road = trouble("road", covers=("lib01", "bus01"))
    found = play(300, lambda at: [trouble("lib01")] if 10 <= at < 20 else [road] if 20 <= at < 100 else [])
    assert [(at, [one.en for one in (*news.began, *news.ended)]) for at, news in found] == [
        (13, ["lib01: not heard."]),
        (23, ["road: not heard."]),
        (115, ["lib01: not heard.", "road: not heard."]),
    ]


def test_a_centre_that_begins_to_listen_says_of_nothing_that_it_is_over() -> None:
    def there(at: int) -> list[Trouble]:
        return [] if 100 <= at < 130 else [trouble()]

    assert counts(play(300, there, blind=lambda at: 100 <= at < 130)) == [(3, 1, 0, 0)]
    assert counts(play(300, there))[1:2] == [(115, 0, 0, 1)]


LIVES = st.lists(st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=8), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(LIVES)
def test_whatever_comes_and_goes_every_beginning_has_an_end_and_there_are_few_messages(
    lives: list[list[tuple[int, bool]]],
) -> None:
    at_minute = [[is_there for minutes, is_there in life for _ in range(minutes)] for life in lives]
    longest = max(map(len, at_minute))

    def there(at: int) -> list[Trouble]:
        return [trouble(f"u{n}") for n, life in enumerate(at_minute) if at < len(life) and life[at]]

    found = play(longest + DAY, there)
    for n in range(len(lives)):
        name = f"u{n}: not heard."
        changes = [
            kind for _, news in found for kind in ("began", "ended") if name in [one.en for one in getattr(news, kind)]
        ]
        assert changes == ["began", "ended"] * (len(changes) // 2), changes
    assert all(later - before >= 5 for (before, _), (later, _) in itertools.pairwise(found))


def test_a_letter_says_what_began_with_what_to_do_and_what_is_over_without() -> None:
    (_, news), (_, over) = play(200, lambda at: [trouble("図書館 lib01"), trouble("bus01")] if at < 100 else [])
    written = letter("灯台町", news, "https://machi.example", HERE)
    assert written.subject == "【まちタップ 灯台町】図書館 lib01: 連絡がありません。 ほか1件"
    ja, _, en = written.text.partition("----")
    assert "■ はじまったこと" in ja
    assert "すること: 電話してください。" in ja
    assert "https://machi.example" in ja
    assert "To do: Phone the place." in en
    assert "気づいた時刻: 09:00" in ja
    ended = letter("灯台町", over, "", HERE)
    assert ended.subject.startswith("【まちタップ 灯台町】おわりました: ")
    assert "すること" not in ended.text
    assert "09:00から10:40まで" in ended.text


def test_a_place_with_a_strange_name_makes_no_head_of_a_mail() -> None:
    (_, news), *_ = play(9, lambda _at: [trouble("a\r\nBcc: evil@example.com\r\n\r\nx" + "長" * 300)])
    subject = letter("灯\n台町", news, "", HERE).subject
    assert "\n" not in subject
    assert "\r" not in subject
    assert len(subject) <= 120
