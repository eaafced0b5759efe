"""Whether a new system may be installed on a unit now, and if not, why, in words. Pure.

Nothing is written while money could be in the way: what has not been sent, or somebody at work behind the counter. A
bundle is asked about only when it lies on the unit's own disk, where nobody changes it any more.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from drivers.boot import Boots
from sync.versions import VersionError, is_older

ROOM_LEFT: Final = 200 * 1024 * 1024  # below that a unit says that room runs out (appliance.symptoms)
_MIB: Final = 1024 * 1024


class Refusal(msgspec.Struct, frozen=True):
    """Why not, and what a person can do, in Japanese and in English. `about`: for programs."""

    about: str
    ja: str
    en: str
    do_ja: str = ""
    do_en: str = ""


class Bundle(msgspec.Struct, frozen=True):
    """What is in a bundle, by its signed manifest."""

    compatible: str
    version: str


class Machine(msgspec.Struct, frozen=True):
    """What a bundle would go into.

    Attributes:
        compatible, version, floor: of what runs; below `floor` nothing is installed.
        boots: what is started; None where there are no slots.
        tries: whether this board can start a slot for one trial.
        is_enrolled: a town has let the unit in.
        status: what the running unit says; None if it cannot be asked.
        free_bytes: room where the bundle is copied to.
    """

    compatible: str
    version: str
    floor: str
    boots: Boots | None
    tries: bool
    is_enrolled: bool
    status: Mapping[str, Any] | None
    free_bytes: int


def hindered(machine: Machine) -> list[Refusal]:
    """Return what forbids to touch the slots, whatever is in the bundle."""
    found: list[Refusal] = []
    if machine.boots is None:
        found.append(_NO_SLOTS)
    elif not machine.tries:
        found.append(_NO_TRIAL)
    elif machine.boots.booted is not machine.boots.primary:
        found.append(_IN_TRIAL)
    return found + busy(is_enrolled=machine.is_enrolled, status=machine.status)


def busy(*, is_enrolled: bool, status: Mapping[str, Any] | None) -> list[Refusal]:
    """Return what forbids to end the unit's work now."""
    if not is_enrolled:
        return []
    if not status:
        return [_SILENT]
    found: list[Refusal] = []
    if waiting := status["unsent_money"]:
        found.append(
            Refusal(
                "unsent",
                ja=f"お金の記録が {waiting} 件、まだ町に届いていません",
                en=f"{waiting} entries about money have not reached the town",
                do_ja="ネットワークにつないで送り終わるのを待つか、machi device pull で運んでください",
                do_en="connect it and wait until they are sent, or carry them: machi device pull",
            )
        )
    if number := status["operator"]:
        found.append(
            Refusal(
                "shift",
                ja=f"係員 {number} 番が窓口に入っています",
                en=f"operator {number} is signed in behind the counter",
                do_ja="終わってから、またはサインアウトしてもらってから",
                do_en="wait until the shift is over, or have them sign out",
            )
        )
    return found


def no_room(size: int, free_bytes: int) -> list[Refusal]:
    """Return why a bundle of so many bytes is not copied."""
    lacks = size + ROOM_LEFT - free_bytes
    if lacks <= 0:
        return []
    mib = -(-lacks // _MIB)
    return [
        Refusal(
            "room",
            ja=f"置き場所が {mib:,} MiB 足りません",
            en=f"{mib:,} MiB more room are needed",
            do_ja="いらないファイルを消すか、大きなSDカードに替えてください",
            do_en="remove files that nobody needs, or take a larger card",
        )
    ]


def unfit(machine: Machine, bundle: Bundle, *, may_be_older: bool) -> list[Refusal]:
    """Return why a bundle that is signed by the right people is not for this machine.

    Args:
        may_be_older: whoever says so knows that it is older than what runs.
    """
    if bundle.compatible != machine.compatible:
        return [
            Refusal(
                "compatible",
                ja=f"この更新は {bundle.compatible} 用で、この端末は {machine.compatible} です",
                en=f"this is for {bundle.compatible}, and this unit is {machine.compatible}",
                do_ja="この端末の更新を持ってきてください",
                do_en="bring the one for this unit",
            )
        ]
    try:
        if machine.floor and is_older(bundle.version, machine.floor):
            return [_below(bundle.version, machine.floor)]
        if machine.version and is_older(bundle.version, machine.version) and not may_be_older:
            return [_older(bundle.version, machine.version)]
    except VersionError as error:
        return [Refusal("version", ja=f"版が読めません: {error}", en=f"its version cannot be compared: {error}")]
    return []


LASTING: Final = frozenset({"slots", "trial", "signature", "compatible", "floor", "older", "version", "bytes", "slot"})
"""What will not pass by itself: an offer that meets it is refused, and the office is told."""


def foreseen(compatible: str, version: str, floor: str, bundle: Bundle, *, has_slots: bool) -> list[Refusal]:
    """Return what is in the way of a bundle before a byte of it is fetched, by what its offer says that it is.

    Args:
        compatible, version, floor: of what runs.
    """
    if not has_slots:
        return [_NO_SLOTS]
    machine = Machine(compatible, version, floor, None, tries=True, is_enrolled=True, status=None, free_bytes=0)
    return unfit(machine, bundle, may_be_older=False)


def other_bytes(found: str, expected: str) -> list[Refusal]:
    """Return why a bundle is not taken that is not the one which the town has offered, by its SHA-256."""
    if not expected or found == expected:
        return []
    return [
        Refusal(
            "bytes",
            ja="町が知らせた更新と中身が違います",
            en=f"this is not what the town has offered: {found[:12]}… is not {expected[:12]}…",
        )
    ]


def unsigned(why: str) -> Refusal:
    """Return the words for a bundle that RAUC does not believe."""
    return Refusal(
        "signature",
        ja=f"署名が確かめられません: {why}",
        en=f"nobody whom this unit believes has signed this: {why}",
        do_ja="ファイルを写し直してください。直らなければ、町の担当に知らせてください",
        do_en="copy the file once more; if that does not help, tell whoever looks after the units",
    )


def _below(version: str, floor: str) -> Refusal:
    return Refusal(
        "floor",
        ja=f"版 {version} は古すぎます。この端末は {floor} より前には戻りません",
        en=f"version {version} is too old: this unit does not go back below {floor}",
        do_ja="新しい更新を持ってきてください",
        do_en="bring a newer one",
    )


def _older(version: str, running: str) -> Refusal:
    return Refusal(
        "older",
        ja=f"版 {version} は、動いている {running} より古いものです",
        en=f"version {version} is older than {running}, which runs",
        do_ja="それでも入れるなら --older",
        do_en="if that is what you want: --older",
    )


_NO_SLOTS: Final = Refusal(
    "slots",
    ja="この端末には入れ替え用の場所がありません",
    en="this device has no second slot",
    do_ja="イメージから作った端末だけが更新できます(docs/image.md)",
    do_en="only a device that was made from an image can be updated (docs/image.md)",
)
_NO_TRIAL: Final = Refusal(
    "trial",
    ja="この基板のカーネルは、新しいシステムを一度だけ試すことができません",
    en="this board's kernel cannot start a new system for one trial",
    do_ja="SDカードを新しく書いてください(docs/updates.md)",
    do_en="write its card anew (docs/updates.md)",
)
TAKEN_BACK: Final = Refusal(
    "taken-back",
    ja="町が、この新しいシステムを止めました",
    en="the town has held this, or taken it back, meanwhile",
)
_IN_TRIAL: Final = Refusal(
    "in-trial",
    ja="いま動いているのは試しのシステムです",
    en="what runs is itself still on trial",
    do_ja="残るか戻るか決まるまで、10分ほど待ってください",
    do_en="wait some ten minutes, until it is kept or given up",
)
_SILENT: Final = Refusal(
    "daemon",
    ja="端末のプログラムに聞けないので、お金の記録が残っているかわかりません",
    en="the unit's daemon cannot be asked, so nobody knows what has not been sent",
    do_ja="先に動かしてください: systemctl start machi-unit.target",
    do_en="start it first: systemctl start machi-unit.target",
)
