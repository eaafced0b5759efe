"""A unit that goes: for good, or because another box takes its place. The steps, each of which can be taken again.

Nothing of it may be lost, so the town has to hold everything before its box is wiped, or before its next life begins.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.errors import DeviceError, Exit
from device.held import Held, take_along
from device.keys import write
from device.steps import Outcome, State, Step, never_so, nothing
from device.unit import OnUnit
from sync.entries import Register
from sync.messages import MessageError, Wiped, open_signed, raw_bytes, unsigned
from sync.technician import About, Standing

_TAP: Final = "machi-tap.service"


@dataclass
class Work(OnUnit):
    """What the steps need.

    Attributes:
        release: the office's leave; b"" if there is none, and what the unit last heard has to do.
        place: the folder for what is taken along.
        about: how far the unit is; asked anew after each change.
        standing: what the town holds, once it was asked for.
        word: the file with its last word, once it is wiped.
    """

    release: bytes
    place: Path
    register: Register
    about: About
    standing: Standing | None = None
    taken: Held | None = None
    word: Path | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a unit is in the box any more that could be lost."""
        return not self.about.epoch


_GONE: Final = Outcome(State.SO, "もう消してあります", "wiped already")


def _is_known(work: Work) -> Outcome | None:
    is_named = work.about.unit == work.unit.name
    if is_named or work.is_empty:
        return Outcome(State.SO, work.unit.name, work.unit.name)
    raise DeviceError(
        Exit.REFUSED,
        ja=f"この機械は {work.about.unit} です",
        en=f"this box is {work.about.unit}, and not {work.unit.name}",
        do_ja="アドレスを確かめてください",
        do_en="check the address",
    )


def _is_in_town(work: Work) -> Outcome | None:
    """Tell that the town holds everything; raise if it does not. There is nothing to do about it from here."""
    if work.is_empty:
        return _GONE
    found = work.standing = work.unit.standing(work.release)
    if found.strange:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"町の記録と、この機械の記録がちがいます: {found.strange}",
            en=f"the town and this box do not agree: {found.strange}",
            do_ja="機械はそのままにして、役場に知らせてください",
            do_en="leave the box as it is, and tell the office",
        )
    if found.unsent:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"{found.unsent} 件がまだ町に届いていません。このままでは失われます",
            en=f"{found.unsent} entries are not in the town yet, and would be lost",
            do_ja="町につないでください。または machi device pull で持ち帰り、役場で machi central import、"
            "そのあと machi central unit release、それを --release で",
            do_en="connect it to the town; or take them along (machi device pull), and at the office say "
            "machi central import, then machi central unit release, and bring that with --release",
        )
    return Outcome(
        State.SO,
        f"{found.entries} 件、{found.tip or '-'} まで町にあります",
        f"all {found.entries} entries, up to {found.tip or '-'}, are in the town",
    )


def _is_allowed(work: Work) -> Outcome | None:
    if work.is_empty:
        return _GONE
    if work.release:
        return Outcome(State.SO, "あります", "there")
    raise DeviceError(
        Exit.USAGE,
        ja="役場の許しが要ります",
        en="the office's leave is needed",
        do_ja="役場で: machi central unit release。もらったファイルを --release で",
        do_en="at the office: machi central unit release; bring what it prints with --release",
    )


def _has_stopped(work: Work) -> Outcome | None:
    if work.is_empty:
        return _GONE
    return None if _TAP in work.about.active else Outcome(State.SO, "お休み中です", "it serves nobody")


def _stop(work: Work) -> Outcome:
    work.about = work.held.stop()
    return Outcome(State.OK, "お休みにしました", "it serves nobody now")


def _was_taken(work: Work) -> Outcome | None:
    return _GONE if work.is_empty else None


def _take_along(work: Work) -> Outcome:
    work.taken = take_along(work.unit, work.about, work.place, work.register)
    checked = work.taken.checked
    if checked.broken:
        raise DeviceError(
            Exit.CHECK,
            ja=f"記録が壊れています: {checked.broken}",
            en=f"its journal is broken: {checked.broken}; what there is of it lies in {work.taken.file}",
            do_ja="役場に知らせてください",
            do_en="tell the office; machi unit run mends what can be mended",
        )
    return Outcome(State.OK, str(work.taken.file), str(work.taken.file))


def _wipe(work: Work) -> Outcome:
    key = work.about.key
    raw = work.held.wipe(work.release)
    try:  # of a box that was wiped before only the office knows the key
        word = open_signed(raw, Wiped, raw_bytes(key or unsigned(raw, Wiped).key))
    except MessageError as error:
        raise DeviceError(
            Exit.CHECK,
            ja=f"消去の証明が読めません: {error}",
            en=f"what it says of having been wiped is not signed with its key: {error}",
            do_ja="機械をそのままにして、役場に知らせてください",
            do_en="leave the box as it is, and tell the office",
        ) from error
    work.about = work.unit.about()
    work.word = work.place / f"{word.unit}-{word.epoch}-wiped.json"
    write(work.word, raw)
    return Outcome(State.OK, f"証明は {work.word}", f"its last word lies in {work.word}")


def _leave(work: Work) -> Outcome:
    work.held.leave()
    return Outcome(State.OK, "次の起動で新しい機械になります", "from its next start on it is a new box")


_KNOWN: Final = Step[Work]("connection", "接続", "connection", _is_known, nothing)
_HELD: Final = (
    Step[Work]("town", "町の記録", "held by the town", _is_in_town, nothing),
    Step[Work]("stop", "停止", "stop", _has_stopped, _stop),
    Step[Work]("journal", "控え", "copy", _was_taken, _take_along),
    Step[Work]("rest", "最後の確認", "nothing came since", _is_in_town, nothing),
)

LEAVING: Final = (_KNOWN, *_HELD)
"""For a unit whose place another box takes: it serves nobody any more, and nothing of it is lost."""

WIPING: Final = (
    _KNOWN,
    Step[Work]("leave", "役場の許し", "leave of the office", _is_allowed, nothing),
    *_HELD,
    Step[Work]("wipe", "消去", "wipe", never_so, _wipe),
    Step[Work]("ssh", "SSHの鍵", "SSH keys", never_so, _leave),
)
"""For a unit that is put away for good."""
