"""`machi unit doctor`: goes through every device that the unit should have, and says in plain words what is wrong.

It works beside a running unit and without one. What the running unit holds is not taken away from it: the unit is asked
instead. Each make brings its own check (`drivers/check.py`); reader, keystore, disk and counter are tried through their
ports, so that every make of these is covered. Nothing here prints, and the network comes in as an argument.
"""

import queue
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.behind import keeps_of, neighbour_of, twin_of
from appliance.sealed import LockedError, at
from drivers.check import Check, Probed, State
from drivers.choose import UnknownDriverError, find, load
from drivers.clock import Clock
from drivers.disk import DiskError
from drivers.keystore import KeystoreError
from drivers.reader import Event, ReaderCame, ServiceLost
from sync.symptoms import Grade, Symptom, What, meaning

_ORDER: Final = (
    "reader", "light", "sound", "button", "display", "scanner", "printer", "gps",
    "clock", "watchdog", "keystore", "seal", "otp", "monotonic", "disk", "twin", "board", "power",
)  # fmt: skip
EVERY_UNIT_HAS: Final[dict[str, dict[str, Any]]] = {
    "reader": {"make": "pcsc"},
    "clock": {"make": "system"},
    "keystore": {"make": "file", "path": "unit.key"},
    "seal": {"make": "creds"},
    "disk": {"make": "file", "path": "."},
    "board": {"make": "linux"},
}
_UNSEEN: Final = frozenset({"entropy"})  # nothing to look at
_READER_S: Final = 2.0
_SAID_BY_MAKE: Final = {
    "none": Check(State.OK, "付いていません", "not fitted"),
    "sim": Check(State.WARN, "模擬の機器です。本番では使えません", "a simulated device, which serves nobody"),
}
_LOW_BYTES: Final = 200 * 1024 * 1024
_INDENT: Final = " " * 17
_TRY: Final = b"machi unit doctor"


class Finding(msgspec.Struct, frozen=True):
    """What was found at one device. `state`: OK, WARN or FAIL; only the last needs a person now."""

    part: str
    make: str
    state: State
    ja: str
    en: str
    do_ja: str = ""
    do_en: str = ""


class Report(msgspec.Struct, frozen=True):
    """The whole round. `schema` names the form of this document. `running`: the unit's daemon answered."""

    schema: str
    unit: str
    running: bool
    failed: int
    warnings: int
    findings: list[Finding]


def examine(
    unit: str,
    named: Mapping[str, Mapping[str, Any]],
    status: Mapping[str, Any] | None,
    centre: Callable[[], Check],
    clock: Clock,
) -> Report:
    """Go through the devices, one after the other.

    Args:
        unit: its name.
        named: kinds of devices, with make and options, as `unit.toml` names them.
        status: what the running unit says of itself (`machi.unit.status/1`); empty if it runs and cannot say;
            None if none runs.
        centre: looks whether the town can be reached.
        clock: the house's, for waiting.
    """
    devices = EVERY_UNIT_HAS | {kind: dict(options) for kind, options in named.items() if kind not in _UNSEEN}
    kinds = sorted(devices, key=lambda kind: (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), kind))
    findings = [_finding("daemon", "", _daemon(status), is_running=False)]
    findings += [_device(kind, dict(devices[kind]), status, clock) for kind in kinds]
    near = {"neighbour": neighbour_of(status or {}), "keeper": keeps_of(status or {})}
    findings += [_finding(part, "", check, is_running=False) for part, check in near.items() if check]
    findings.append(_finding("centre", "", centre(), is_running=False))
    findings += [_finding(one.what, "", _ill(one), is_running=False) for one in _symptoms(status or {})]
    return _report(unit, findings, is_running=status is not None)


def unreadable(why: str) -> Report:
    """Return the report of a unit whose `unit.toml` says nothing that can be used: no device is looked at."""
    check = Check(
        State.FAIL,
        ja="unit.toml が読めません",
        en=why,
        do_ja="書かれている行を直してください。なければ machi unit init",
        do_en="correct the line that is named; if there is no such file: machi unit init",
    )
    return _report("", [_finding("unit.toml", "", check, is_running=False)], is_running=False)


def lines(report: Report) -> list[str]:
    """Put a report into words for a terminal: Japanese first, English below it."""
    out = []
    for finding in report.findings:
        out.append(f"{finding.state:<5} {finding.part:<10} {finding.ja}")
        out.append(f"{_INDENT}{finding.en}")
        if finding.do_ja:
            out.append(f"{_INDENT}> {finding.do_ja}")
            out.append(f"{_INDENT}> {finding.do_en}")
    out.append("")
    if report.failed:
        out.append(f"{report.failed} 件、人の手が要ります。注意 {report.warnings} 件。")
        out.append(f"{report.failed} need a person; warnings: {report.warnings}.")
    else:
        out.append(f"すぐ直すものはありません。注意 {report.warnings} 件。")
        out.append(f"Nothing needs a person now; warnings: {report.warnings}.")
    return out


def _report(unit: str, findings: list[Finding], *, is_running: bool) -> Report:
    states = [finding.state for finding in findings]
    failed, warnings = states.count(State.FAIL), states.count(State.WARN)
    return Report("machi.unit.doctor/1", unit, is_running, failed, warnings, findings)


def _device(kind: str, options: dict[str, Any], status: Mapping[str, Any] | None, clock: Clock) -> Finding:
    make = str(options.pop("make", ""))
    is_running = status is not None
    if kind == "reader" and status is not None:
        return _finding(kind, make, _reader_of(status), is_running=True)
    if kind == "twin" and status and make != "none":
        return _finding(kind, make, twin_of(status), is_running=True)
    try:
        check = _look(kind, make, options, clock)
    except UnknownDriverError as error:
        check = _wrong_toml(kind, str(error))
    except Exception as error:  # noqa: BLE001 - one device that trips its check must not hide the others
        check = Check(
            State.FAIL,
            ja=f"点検が途中で止まりました({type(error).__name__})",
            en=f"the check broke off: {type(error).__name__}: {error}",
            do_ja="この画面を町の担当に送ってください",
            do_en="send this page to whoever looks after the units",
        )
    return _finding(kind, make, check, is_running=is_running)


def _finding(kind: str, make: str, check: Check, *, is_running: bool) -> Finding:
    """Decide what a device that is in use means: with the unit at work, that it works."""
    state = check.state
    if state is State.BUSY:
        state = State.OK if is_running else State.FAIL
    if state is State.OK and check.state is State.BUSY:
        return Finding(kind, make, state, f"{check.ja}(この端末が使っています)", f"{check.en} (by this unit)")
    return Finding(kind, make, state, check.ja, check.en, check.do_ja, check.do_en)


# ---------------------------------------------------------------------------------------------- each kind


def _look(kind: str, make: str, options: dict[str, Any], clock: Clock) -> Check:
    driver = find(kind, make)
    if isinstance(driver, Probed):
        try:
            return driver.probe(msgspec.convert(options, driver.Options, strict=False))  # type: ignore[attr-defined]
        except msgspec.ValidationError as error:
            return _wrong_toml(kind, str(error))
    return _SAID_BY_MAKE.get(make) or _try(kind, make, options, clock)


def _try(kind: str, make: str, options: dict[str, Any], clock: Clock) -> Check:
    """Try a make that brings no check of its own, through the port of its kind."""
    match kind:
        case "reader":
            return _reader(load(kind, make, options), clock)
        case "keystore":
            return _keystore(make, options)
        case "disk":
            return _disk(make, options)
        case "monotonic":
            load(kind, make, options).read()
            return Check(State.OK, "読めます", "can be read")
    return Check(
        State.WARN,
        ja="ここからは点検できません",
        en="cannot be looked at from here",
        do_ja="カードをタッチして、目と耳で確かめてください",
        do_en="touch with a card, and look and listen",
    )


def _wrong_toml(kind: str, why: str) -> Check:
    return Check(
        State.FAIL,
        ja=f"unit.toml の [drivers.{kind}] が読めません",
        en=f"[drivers.{kind}] in unit.toml: {why}",
        do_ja=f"[drivers.{kind}] を直してください",
        do_en=f"correct [drivers.{kind}]",
    )


_NO_READER: Final = Check(
    State.FAIL,
    ja="カードリーダーが見つかりません",
    en="no card reader",
    do_ja="USBケーブルを抜いて差し直してください。直らなければ別の差し込み口へ",
    do_en="unplug it and plug it in again; if that does not help, use another socket",
)
_NO_SERVICE: Final = Check(
    State.FAIL,
    ja="カードリーダーのサービス(pcscd)が動いていません",
    en="the reader service (pcscd) does not answer",
    do_ja="言ってください: sudo systemctl restart pcscd.socket",
    do_en="say: sudo systemctl restart pcscd.socket",
)


def _daemon(status: Mapping[str, Any] | None) -> Check:
    if status is None:
        return Check(
            State.WARN,
            ja="この端末のプログラムは動いていません",
            en="the unit's daemon is not running",
            do_ja="動いているはずなら、この端末を再起動してください",
            do_en="if it should be, start this unit again",
        )
    if not status:
        return Check(
            State.FAIL,
            ja="この端末のプログラムが返事をしません",
            en="the unit's daemon stumbles when it is asked",
            do_ja="ログを見てから、この端末を再起動してください",
            do_en="look into its log, then start this unit again",
        )
    if closed := status.get("closed") or status.get("frozen"):
        return Check(
            State.FAIL,
            ja=f"動いていますが、お休み中です({closed})",
            en=f"it runs and serves nobody ({closed})",
            do_ja="画面の番号を町の担当に伝えてください",
            do_en="tell whoever looks after the units the number on the screen",
        )
    return Check(State.OK, "動いています", "running")


def _symptoms(status: Mapping[str, Any]) -> list[Symptom]:
    """Return what the running unit says that it suffers from, but for what its reader's own line says."""
    symptoms = msgspec.convert(status.get("symptoms", []), list[Symptom])
    return [symptom for symptom in symptoms if symptom.what != What.READER_GONE]


def _ill(symptom: Symptom) -> Check:
    state = State.FAIL if symptom.grade is Grade.ACT else State.WARN
    words = meaning(symptom)
    return Check(state, words.ja, words.en, words.do_ja, words.do_en)


def _reader_of(status: Mapping[str, Any]) -> Check:
    """What the running unit says about its readers."""
    if not status:
        return Check(State.WARN, "プログラムが返事をしないので、わかりません", "the daemon cannot be asked")
    if not status.get("reader_service", True):
        return _NO_SERVICE
    names = ", ".join(status.get("readers", ()))
    return Check(State.OK, f"使えます: {names}", f"ready: {names}") if names else _NO_READER


def _reader(reader: Any, clock: Clock) -> Check:
    """Start the reader as the unit does, and wait until it says that it is there."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    reader.start(events.put)
    try:
        until = clock.mono() + _READER_S
        while (left := until - clock.mono()) > 0:
            match events.get(timeout=left):
                case ReaderCame(name):
                    return Check(State.OK, f"使えます: {name}", f"ready: {name}")
                case ServiceLost():
                    return _NO_SERVICE
    except queue.Empty:
        pass
    finally:
        reader.stop()
    return _NO_READER


def _keystore(make: str, options: dict[str, Any]) -> Check:
    try:
        if make == "file" and "path" in options:
            options["path"] = str(at(Path(options["path"])))
        load("keystore", make, options).sign(_TRY)
    except LockedError as error:
        return Check(
            State.FAIL,
            ja="この端末の鍵は封じられていて、ここでは開けません",
            en=f"the unit's key is sealed, and cannot be opened here: {error.why}",
            do_ja="カードか TPM を移したなら、もとに戻してください。だめなら新しい鍵を: machi unit enrol --again",
            do_en="if card or TPM were moved, put them back; else it needs new keys: machi unit enrol --again",
        )
    except KeystoreError as error:
        return Check(
            State.FAIL,
            ja="この端末の鍵が使えません",
            en=f"the unit's key cannot be used: {error}",
            do_ja="電源を切らずに町の担当に連絡してください。登録がまだなら machi unit enrol",
            do_en="leave it on and call whoever looks after the units; if it was never enrolled: machi unit enrol",
        )
    return Check(State.OK, "署名できます", "it signs")


def _disk(make: str, options: dict[str, Any]) -> Check:
    try:
        free = load("disk", make, options).free_bytes()
    except (DiskError, OSError) as error:
        return Check(
            State.FAIL,
            ja="記録の置き場所が使えません",
            en=f"the place of the journal cannot be used: {error}",
            do_ja="unit.toml の [drivers.disk] と、SDカードの差し込みを確かめてください",
            do_en="check [drivers.disk] in unit.toml, and how the SD card sits",
        )
    mib = free // (1024 * 1024)
    if free < _LOW_BYTES:
        return Check(
            State.WARN,
            ja=f"空きが少なくなっています(残り {mib} MiB)",
            en=f"room is running out ({mib} MiB left)",
            do_ja="ネットワークにつないで記録を送り、いらないファイルを消してください",
            do_en="connect, so that the journal is sent, and remove files that nobody needs",
        )
    return Check(State.OK, f"空きがあります(残り {mib} MiB)", f"there is room ({mib} MiB left)")
