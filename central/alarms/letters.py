"""What a message says: Japanese first, with what to do; neither a person's name nor a card's number."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from central.alarms.telling import News, Watched
from central.console.moment import Moment

_PARTS: Final = (
    ("began", "はじまったこと", "Began"),
    ("lasts", "まだ続いていること", "Still so"),
    ("ended", "おわったこと", "Ended"),
)
SUBJECT_MAX: Final = 120


class Letter(msgspec.Struct, frozen=True):
    """One message, as it is sent to everybody. `news`: the same in parts, for programs."""

    subject: str
    text: str
    news: News = News()


def letter(town: str, news: News, url: str, moment: Moment) -> Letter:
    """Return what is told.

    Args:
        url: where people open the console; "" if only on the centre's own machine.
        moment: the present, by the town's clock.
    """
    first, *more = (*news.began, *news.lasts, *news.ended)
    over = "おわりました: " if not news.began and not news.lasts else ""
    others = f" ほか{len(more)}件" if more else ""
    subject = _line(f"【{_called(town)}】{over}{first.ja}")[: SUBJECT_MAX - len(others)] + others
    ja = [line for name, title, _ in _PARTS for line in _part(title, getattr(news, name), moment, is_ja=True)]
    en = [line for name, _, title in _PARTS for line in _part(title, getattr(news, name), moment, is_ja=False)]
    where = [f"今日の様子 / Today: {url}", ""] if url else []
    foot = "この知らせは町の機械が送りました。住民の名前もカードの番号も書きません。"
    foot_en = "Sent by the town's centre. It names no resident and no card."
    return Letter(subject, "\n".join([*ja, *where, "----", "", *en, foot, foot_en, ""]), news)


def trial(town: str) -> Letter:
    """Return what is sent to see whether it arrives."""
    text = (
        "ためしの知らせです。これが届けば、端末の困りごとも届きます。することはありません。\n\n"
        "This is a test. If it arrives, so will what is wrong with units. There is nothing to do.\n"
    )
    return Letter(f"【{_called(town)}】ためしの知らせ / test", text)


def _part(title: str, some: Sequence[Watched], moment: Moment, *, is_ja: bool) -> Iterator[str]:
    if not some:
        return
    yield f"■ {title}"
    for one in some:
        first = moment.minute(one.first_ms)
        yield f"・{one.ja}" if is_ja else f"- {one.en}"
        if one.gone_ms is not None:
            gone = moment.minute(one.gone_ms)
            yield f"  {first}から{gone}まで" if is_ja else f"  From {first} to {gone}"
        else:
            yield f"  気づいた時刻: {first}" if is_ja else f"  Noticed: {first}"
            yield f"  すること: {one.do_ja}" if is_ja else f"  To do: {one.do_en}"
    yield ""


def _called(town: str) -> str:
    return _line(f"まちタップ {town}")


def _line(text: str) -> str:
    """Return text as one line, which the head of a mail can hold."""
    return " ".join(text.split())
