"""When somebody is told, and of what: arithmetic over what there was, what there is, and the time.

A trouble is told when it has stood for three minutes, reminded of after a day, after three, and then every week, and
told as ended when it has been away for a quarter of an hour. One that comes back within a day has to stand, and to stay
away, for longer each time. Messages are five minutes apart at least, and whatever is due goes into one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from central.console.troubles import DAY_MS, Trouble
from sync.symptoms import Grade

_MINUTE_MS: Final = 60_000
STANDS_MS: Final = 3 * _MINUTE_MS
STANDS_MAX_MS: Final = 120 * _MINUTE_MS
AWAY_MS: Final = 15 * _MINUTE_MS
AWAY_MAX_MS: Final = 240 * _MINUTE_MS
APART_MS: Final = 5 * _MINUTE_MS
_TIMES_MAX: Final = 8  # both have reached their longest by then
FORGET_MS: Final = DAY_MS
REMIND_MS: Final = (DAY_MS, 3 * DAY_MS, 7 * DAY_MS)


class Watched(msgspec.Struct, frozen=True):
    """One trouble, and how far it was told.

    Attributes:
        ja, en, do_ja, do_en: what was said of it last.
        first_ms: since when it stands, this time.
        told_ms: when its beginning was told; None: not yet.
        reminded: how often it was told again.
        gone_ms: since when it is away; None: it is there.
        times: how often it was told that it ended, within a day each.
    """

    ja: str
    en: str
    do_ja: str
    do_en: str
    first_ms: int
    told_ms: int | None = None
    reminded: int = 0
    gone_ms: int | None = None
    times: int = 0

    @property
    def stands_ms(self) -> int:
        """How long it has to stand before it is told."""
        return min(STANDS_MS << 2 * min(self.times, _TIMES_MAX), STANDS_MAX_MS)

    @property
    def away_ms(self) -> int:
        """How long it has to be away before it is told as ended."""
        return min(AWAY_MS << min(self.times, _TIMES_MAX), AWAY_MAX_MS)


class News(msgspec.Struct, frozen=True):
    """What a message tells: what began, what goes on, what ended."""

    began: tuple[Watched, ...] = ()
    lasts: tuple[Watched, ...] = ()
    ended: tuple[Watched, ...] = ()

    @property
    def is_any(self) -> bool:
        return bool(self.began or self.lasts or self.ended)


class Told(msgspec.Struct, frozen=True):
    """What is watched, by keys of troubles, and when the last message was."""

    watched: Mapping[str, Watched] = {}
    last_ms: int = 0


def step(told: Told, found: Sequence[Trouble], now_ms: int, *, quiet: bool, blind: bool) -> tuple[Told, News]:
    """Go on by one look.

    Args:
        quiet: nothing is told now.
        blind: the centre has just begun to listen, so that it says nothing if a trouble is not there.
    """
    watched = _looked(told.watched, found, now_ms, blind=blind)
    if quiet or now_ms - told.last_ms < APART_MS:
        return Told(watched, told.last_ms), News()
    began = {key for key, one in watched.items() if _begins(one, now_ms)}
    ended = {key for key, one in watched.items() if _ends(one, now_ms)}
    lasts = {key for key, one in watched.items() if _lasts(one, now_ms)}
    news = News(*(tuple(watched[key] for key in watched if key in some) for some in (began, lasts, ended)))
    after = {key: _told(one, now_ms, key in began, key in lasts, key in ended) for key, one in watched.items()}
    return Told(after, now_ms if news.is_any else told.last_ms), news


def _looked(before: Mapping[str, Watched], found: Sequence[Trouble], now_ms: int, *, blind: bool) -> dict[str, Watched]:
    """Return what is watched after a look; nothing is told yet."""
    urgent = {one.key: one for one in found if one.grade is Grade.ACT}
    covered = {key for one in found for key in one.covers}
    after: dict[str, Watched] = {}
    for key, one in before.items():
        if key in urgent:
            after[key] = _there(one, urgent[key], now_ms)
        elif key in covered or blind:
            after[key] = msgspec.structs.replace(one, gone_ms=None) if one.told_ms is not None else one
        elif not _is_forgotten(one, now_ms):
            after[key] = one if one.gone_ms is not None else msgspec.structs.replace(one, gone_ms=now_ms)
    for key, trouble in urgent.items():
        if key not in after:
            after[key] = _with_words(trouble, first_ms=now_ms)
    return after


def _with_words(trouble: Trouble, first_ms: int) -> Watched:
    say, do = trouble.whole, trouble.do
    return Watched(say.ja, say.en, do.ja, do.en, first_ms)


def _there(one: Watched, trouble: Trouble, now_ms: int) -> Watched:
    """Return a trouble that is there; if it had been away for long enough, it begins anew."""
    is_back = one.gone_ms is not None and one.told_ms is None and now_ms - one.gone_ms >= one.away_ms
    fresh = _with_words(trouble, now_ms if is_back else one.first_ms)
    return msgspec.structs.replace(fresh, told_ms=one.told_ms, reminded=one.reminded, times=one.times)


def _is_forgotten(one: Watched, now_ms: int) -> bool:
    if one.told_ms is not None or one.gone_ms is None:
        return False
    return now_ms - one.gone_ms >= (FORGET_MS if one.times else one.away_ms)


def _begins(one: Watched, now_ms: int) -> bool:
    return one.told_ms is None and one.gone_ms is None and now_ms - one.first_ms >= one.stands_ms


def _ends(one: Watched, now_ms: int) -> bool:
    return one.told_ms is not None and one.gone_ms is not None and now_ms - one.gone_ms >= one.away_ms


def _lasts(one: Watched, now_ms: int) -> bool:
    if one.told_ms is None or one.gone_ms is not None:
        return False
    often = one.reminded - len(REMIND_MS) + 1
    after_ms = REMIND_MS[one.reminded] if often <= 0 else REMIND_MS[-1] * (1 + often)
    return now_ms - one.told_ms >= after_ms


def _told(one: Watched, now_ms: int, began: bool, lasts: bool, ended: bool) -> Watched:
    if began:
        return msgspec.structs.replace(one, told_ms=now_ms, reminded=0)
    if lasts:
        return msgspec.structs.replace(one, reminded=one.reminded + 1)
    if ended:
        return msgspec.structs.replace(one, told_ms=None, reminded=0, times=one.times + 1)
    return one
