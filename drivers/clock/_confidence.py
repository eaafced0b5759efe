"""How much a wall clock can be believed, from what can be seen of it. Pure: what was seen comes in."""

from typing import Final

import msgspec

from drivers.check import Check, State
from drivers.clock import Confidence

APART_MAX_S: Final = 60.0  # a battery clock may lose two minutes a month; a system that follows it is much closer
_PLAUSIBLE_FROM_S: Final = 1_767_225_600  # 2026-01-01: no unit was made before


class Battery(msgspec.Struct, frozen=True):
    """What a battery clock says.

    Attributes:
        name: of the chip, as its driver calls it.
        unix_s: its time, or None if it cannot be read.
        is_doubtful: the chip's own flag that its power was too low at some time; None: it has no such flag.
    """

    name: str
    unix_s: int | None
    is_doubtful: bool | None


def judge(*, is_synchronised: bool, was_synchronised: bool, battery: Battery | None, wall_s: float) -> Confidence:
    """Weigh what was seen.

    Args:
        is_synchronised: the kernel says that a time source is followed now.
        was_synchronised: one was followed at some time since the machine started.
        battery: the battery clock, or None if there is none.
        wall_s: the system's time, in Unix seconds.
    """
    if is_synchronised:
        return Confidence.SYNCED
    if was_synchronised:
        return Confidence.HELD
    if battery is None or battery.unix_s is None or battery.is_doubtful:
        return Confidence.UNKNOWN
    if battery.unix_s < _PLAUSIBLE_FROM_S or abs(wall_s - battery.unix_s) > APART_MAX_S:
        return Confidence.UNKNOWN
    return Confidence.HELD


def told(confidence: Confidence, battery: Battery | None, wall_s: float, *, expects_battery: bool) -> Check:
    """Say it to a technician."""
    if expects_battery and battery is None:
        return Check(
            State.FAIL,
            ja="電池時計が見つかりません",
            en="the battery clock is missing",
            do_ja="基板の差し込みと config.txt の dtoverlay を確かめてください",
            do_en="check how the board sits, and dtoverlay in config.txt",
        )
    if battery and (trouble := _wrong_with(battery, wall_s)):
        return trouble
    match confidence:
        case Confidence.SYNCED:
            return Check(State.OK, "時刻は合っています(同期中)", "the time is right (a time source is followed)")
        case Confidence.HELD:
            return Check(State.OK, "時刻は電池か前の同期で保たれています", "held by battery, or by an earlier sync")
        case _:
            return Check(
                State.WARN,
                ja="時刻が正しいとわかりません。営業は続けられます",
                en="nothing vouches for the time; service goes on",
                do_ja="ネットワークに一度つなぐか、電池時計を付けてください",
                do_en="connect once, or fit a battery clock",
            )


def _wrong_with(battery: Battery, wall_s: float) -> Check | None:
    if battery.is_doubtful:
        return Check(
            State.FAIL,
            ja=f"電池時計({battery.name})の電池が切れています",
            en=f"the battery of the clock ({battery.name}) is empty",
            do_ja="ボタン電池を替え、ネットワークにつないで時刻を合わせてください",
            do_en="change the coin cell, then connect once to set the time",
        )
    if battery.unix_s is None:
        return Check(
            State.FAIL,
            ja=f"電池時計({battery.name})の時刻が読めません",
            en=f"the clock ({battery.name}) has lost its time",
            do_ja="ネットワークにつないで時刻を合わせてください。続くなら電池を替えてください",
            do_en="connect once to set the time; change the coin cell if it happens again",
        )
    if abs(wall_s - battery.unix_s) > APART_MAX_S:
        apart = round(wall_s - battery.unix_s)
        return Check(
            State.WARN,
            ja=f"電池時計と {apart:+d} 秒ずれています",
            en=f"{apart:+d} s away from the battery clock",
            do_ja="時刻が正しければ sudo hwclock --systohc で合わせてください",
            do_en="if the time is right: sudo hwclock --systohc",
        )
    return None
