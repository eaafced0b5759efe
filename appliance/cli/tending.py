"""`machi unit health`: after a start with a new system, whether it may stay. systemd runs it at every start."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from appliance.cli.common import JSON, HardwareError
from appliance.cli.updating import SETTINGS, UNIT, looked_over, of_slots, seen_of, start_anew
from appliance.health import PATIENCE_S, WELL_S

if TYPE_CHECKING:
    from appliance.health import Judgement, Seen, Times
    from appliance.slots import Slots
    from appliance.updates import Kept, Note, Settings
    from drivers.clock import Clock

_EVERY_S = 5.0


@click.command(epilog="\b\nExamples:\n  machi unit health\n  machi unit health --patience 900 --json")
@UNIT
@SETTINGS
@click.option("--patience", default=PATIENCE_S, show_default=True, help="Seconds until everything has to be up.")
@click.option("--well", default=WELL_S, show_default=True, help="Seconds for which everything has to be well.")
@JSON
def health(folder: Path, settings: Path, patience: float, well: float, as_json: bool) -> None:
    """See whether a new system that is on trial may stay, and keep it, or start the one before it again.

    It may stay once all works that worked before the update, and the journal is whole. At any other start it notes
    what became of the last update: the unit then says so as a symptom, at the unit and to the town.
    """
    from appliance.health import Times
    from appliance.slots import Slots
    from appliance.updates import Kept, boot_of, read_settings
    from drivers.clock.system import Driver as SystemClock

    with of_slots():
        said = read_settings(settings)
        if said.boot.get("make") == "none":
            _say("no-slots", None, as_json=as_json)
            return
        boot, kept = boot_of(said), Kept(Path(said.folder))
        boots, note = boot.look(), kept.note()
        if boots.booted is not boots.primary:
            look = Look(Slots(boot), kept, said, folder, SystemClock())
            note, is_kept = look.until_sure(Times(patience, well))
            _say("kept" if is_kept else "given-up", note, as_json=as_json)
            if not is_kept:
                start_anew()
            return
        if note and not boots.is_armed:
            note = _settle(note, Slots(boot), kept)
        _say("no-trial", note, as_json=as_json)


def _settle(note: "Note", slots: "Slots", kept: "Kept") -> "Note":
    from appliance.updates import Stage, settled

    found = settled(note, slots.current())
    if found != note:
        kept.set_note(found)
    if found.stage is Stage.BACK and slots.is_good(found.slot):
        slots.mark_bad(found.slot)  # whatever is in it, nobody tries it once more
    return found


class Look:
    """Looks at a system that is on trial until it is sure."""

    def __init__(self, slots: "Slots", kept: "Kept", settings: "Settings", folder: Path, clock: "Clock") -> None:
        self._slots = slots
        self._kept = kept
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._is_whole: bool | None = None

    def until_sure(self, times: "Times") -> tuple["Note", bool]:
        """Look again and again; return what is noted at the end, and whether the system stays."""
        from appliance.health import Verdict, judge, missing

        note = self._begin()
        began = well_since = self._clock.mono()
        while True:
            now = self._see(note.worked)
            mono = self._clock.mono()
            if missing(note.worked, now):
                well_since = mono
            found = judge(note.worked, now, mono - began, mono - well_since, times)
            if found.verdict is not Verdict.WAIT:
                return self._end(note, found), found.verdict is Verdict.KEEP
            self._clock.sleep(min(_EVERY_S, times.well_s))

    def _begin(self) -> "Note":
        from appliance.config import ENROLMENT_FILE
        from appliance.health import Seen
        from appliance.updates import Note, Stage

        booted, note = self._slots.current(), self._kept.note()
        if note is None or note.slot is not booted:  # a trial that somebody else began: what worked, nobody noted
            worked = Seen(answers=(self._folder / ENROLMENT_FILE).exists())
            note = Note(Stage.LOOKING, booted, self._settings.version, "", self._clock.wall_ms(), worked=worked)
        note = msgspec.structs.replace(note, stage=Stage.LOOKING)
        self._kept.set_note(note)
        return note

    def _see(self, before: "Seen") -> "Seen":
        """Look once; through the whole journal only when everything else is well, and once."""
        from appliance.health import missing

        looked = looked_over(self._folder)
        now = seen_of(looked, is_whole=self._is_whole)
        if self._is_whole is None and now.answers and not missing(before, now):
            self._is_whole = _is_whole(self._folder)
            now = msgspec.structs.replace(now, is_whole=self._is_whole)
        return now

    def _end(self, note: "Note", found: "Judgement") -> "Note":
        from appliance.health import Verdict, why
        from appliance.updates import Stage

        if found.verdict is Verdict.KEEP:
            self._slots.mark_good(note.slot)
            self._kept.raise_floor(self._kept.floor(self._settings))
            note = msgspec.structs.replace(note, stage=Stage.KEPT)
            self._kept.set_note(note)
            return note
        note = msgspec.structs.replace(note, stage=Stage.BACK, why=why(found.missing), missing=found.missing)
        self._kept.set_note(note)
        self._slots.mark_bad(note.slot)
        return note


def _is_whole(folder: Path) -> bool | None:
    """Return whether the journal is whole, every signature checked; None if that cannot be told now."""
    from appliance.carry import verify_copy
    from appliance.checkup import DamageError
    from appliance.cli.common import NotFoundError, copy_of, plainly

    try:
        with plainly(), copy_of(folder) as copy:
            try:
                return not verify_copy(copy, folder).broken
            except DamageError:
                return False
    except (HardwareError, NotFoundError):
        return None


def _say(what: str, note: "Note | None", *, as_json: bool) -> None:
    from sync.symptoms import Grade, Symptom, What, meaning

    if as_json:
        click.echo(msgspec.json.encode({"schema": "machi.unit.health/1", "found": what, "update": note}))
        return
    words = {
        "no-slots": ("この端末には入れ替え用の場所がありません", "this device has no second slot"),
        "no-trial": ("試しのシステムではありません", "what runs is not on trial"),
        "kept": ("新しいシステムを残します", "the new system stays"),
        "given-up": ("前のシステムに戻します", "the system before it is started again"),
    }[what]
    for line in words:
        click.echo(line)
    if note and note.why:
        told = meaning(Symptom(What.UPDATE, Grade.SEE, note.why))
        click.echo(f"{told.ja}\n{told.en}")
