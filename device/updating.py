"""A new system for a unit, over SSH: the steps, each of which can be taken again.

The unit says itself what it has received, what it has installed and how that went; saying the same once more goes on
from there, also in the middle of the copy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from device.errors import DeviceError, Exit, LostError
from device.steps import Outcome, State, Step
from device.unit import OnUnit, Unit
from drivers.clock import Clock
from sync.symptoms import Grade, Symptom, What, meaning
from sync.technician import Updated

CHUNK_BYTES: Final = 8 * 1024 * 1024  # within two minutes also over a poor Wi-Fi
PATIENCE_S: Final = 1_500.0  # two starts, and the ten minutes that a system has to come up
_EVERY_S: Final = 5.0
_UNDER_WAY: Final = ("trying", "looking", "kept")


@dataclass(frozen=True)
class Bundle:
    """A bundle on this laptop. `read`: so many bytes from an offset on."""

    digest: str
    size: int
    read: Callable[[int, int], bytes]


@dataclass
class Work(OnUnit):
    """What the steps need.

    Attributes:
        looked: the same unit in connections of their own, for when it has started anew.
        may_be_older: whoever says so knows that the bundle is older than what runs.
        updated: how the unit's last update went; asked anew after each change.
    """

    looked: Unit
    bundle: Bundle
    may_be_older: bool
    clock: Clock
    updated: Updated

    @property
    def is_installed(self) -> bool:
        """Whether the last update was of this very bundle, and has not come to nothing."""
        return self.updated.digest == self.bundle.digest and self.updated.stage in _UNDER_WAY


def _has_it(work: Work) -> Outcome | None:
    if work.is_installed:
        return Outcome(State.SO, "もう入っています", "it is installed already")
    if (work.updated.receiving, work.updated.received) == (work.bundle.digest, work.bundle.size):
        return Outcome(State.SO, f"{work.bundle.size:,} バイト", f"{work.bundle.size:,} bytes")
    return None


def _send(work: Work) -> Outcome:
    begun = work.updated.received if work.updated.receiving == work.bundle.digest else 0
    for offset in range(begun, work.bundle.size, CHUNK_BYTES):
        work.held.send(work.bundle.digest, offset, work.bundle.read(offset, CHUNK_BYTES))
    work.updated = work.unit.updated()
    if work.updated.received != work.bundle.size:
        raise DeviceError(
            Exit.REFUSED,
            ja="本体に届いた大きさがちがいます",
            en=f"{work.updated.received} of {work.bundle.size} bytes have come",
            do_ja="ファイルが書きかえられていないか確かめて、もう一度",
            do_en="see that nobody changes the file, and say it once more",
        )
    sent = work.bundle.size - begun
    return Outcome(State.OK, f"{sent:,} バイトを送りました", f"{sent:,} bytes sent")


def _is_in(work: Work) -> Outcome | None:
    if not work.is_installed:
        return None
    return Outcome(State.SO, f"版 {work.updated.update}", f"version {work.updated.update}")


def _install(work: Work) -> Outcome:
    work.held.install(work.bundle.digest, may_be_older=work.may_be_older)
    work.updated = work.unit.updated()
    return Outcome(State.OK, f"版 {work.updated.update}", f"version {work.updated.update}")


def _has_started(work: Work) -> Outcome | None:
    return Outcome(State.SO) if work.is_installed and work.updated.stage != "trying" else None


def _start_anew(work: Work) -> Outcome:
    work.held.restart()
    return Outcome(State.OK)


def _is_kept(work: Work) -> Outcome | None:
    if not work.is_installed or work.updated.stage != "kept":
        return None
    return Outcome(
        State.SO, f"版 {work.updated.update} が動いています", f"version {work.updated.update} runs and stays"
    )


def _wait(work: Work) -> Outcome:
    """Wait until the unit knows itself; it is away for as long as it starts."""
    until = work.clock.mono() + PATIENCE_S
    while work.clock.mono() < until:
        try:
            work.updated = work.looked.updated()
        except LostError:
            pass
        else:
            if kept := _is_kept(work):
                return Outcome(State.OK, kept.ja, kept.en)
            if work.updated.stage == "back":
                raise _went_back(work.updated)
        work.clock.sleep(_EVERY_S)
    raise DeviceError(
        Exit.NOT_FOUND,
        ja="新しいシステムが残るかどうか、まだわかりません",
        en="it is not known yet whether the new system stays",
        do_ja="本体の電源とケーブルを見てから、同じコマンドをもう一度",
        do_en="look at its power and its cable, then say the same once more",
    )


def _went_back(updated: Updated) -> DeviceError:
    told = meaning(Symptom(What.UPDATE, Grade.SEE, updated.why))
    parts = f" ({', '.join(updated.missing)})" if updated.missing else ""
    return DeviceError(
        Exit.CHECK,
        ja=f"{told.ja}{parts}",
        en=f"{told.en}{parts}",
        do_ja="本体は前のまま使えます。理由を直してから、もう一度",
        do_en="the unit serves as before; see to the reason, then say it once more",
    )


STEPS: Final = (
    Step[Work]("copy", "写し", "copy", _has_it, _send),
    Step[Work]("installation", "書き込み", "installation", _is_in, _install),
    Step[Work]("start", "再起動", "start anew", _has_started, _start_anew),
    Step[Work]("trial", "試し", "trial", _is_kept, _wait),
)
