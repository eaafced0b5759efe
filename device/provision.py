"""A new unit, from its first answer to the sticker on its box: the steps, each of which can be taken again.

Whatever ended a provisioning, saying the same once more goes on from there: the unit itself says how far it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from device import journal, sticker
from device.errors import DeviceError, Exit
from device.keys import Keys, write
from device.steps import Outcome, State, Step, never_so, nothing
from device.unit import OnUnit
from drivers.clock import Clock
from sync.entries import BAD_JSON, Register
from sync.technician import About, Before, SetUp, key_print

_APART_MS: Final = 60_000
_SERVING_S: Final = 60.0
_EVERY_S: Final = 0.5
_SERVICES: Final = {"machi-tap.service", "machi-uplink.service"}
_NO_READER: Final = "TAP-041"
_HTTPS: Final = 443


class Ticket(msgspec.Struct, frozen=True):
    """What a laptop has to know of a ticket of the office; the unit reads the rest of it."""

    url: str
    town: str
    unit: str
    before: Before | None = None


@dataclass
class Work(OnUnit):
    """What the steps need.

    Attributes:
        asked: what the unit is to be.
        ticket: of the office; b"" if the unit is let in already.
        answer: of the office, to the request of a unit that reached no centre; b"" if there is none.
        answers: tells whether somebody answers at an address, as this laptop sees it.
        paper: where the sticker goes.
        about: how far the unit is; asked anew after each change.
    """

    keys: Keys
    asked: SetUp
    ticket: bytes
    clock: Clock
    answers: Callable[[str, int], bool]
    register: Register
    paper: Path
    about: About
    answer: bytes = b""


def read_ticket(raw: bytes) -> Ticket:
    """Read a ticket.

    Raises:
        DeviceError: it is none.
    """
    try:
        return msgspec.json.decode(raw, type=Ticket)
    except BAD_JSON as error:
        raise DeviceError(
            Exit.USAGE,
            ja="これは登録票ではありません",
            en=f"this is not a ticket: {error}",
            do_ja="役場で: machi central unit add",
            do_en="at the office: machi central unit add",
        ) from error


# ---------------------------------------------------------------------------------------------- connection, clock


def _is_known(work: Work) -> Outcome | None:
    if work.about.host_certificate:
        return Outcome(State.SO, "町の証明書で本人と確かめました", "known by the town's certificate")
    return Outcome(State.SO, "見くらべた鍵で本人と確かめました", "known by the key that was compared")


def _clock_is_right(work: Work) -> Outcome | None:
    apart_ms = work.about.at - work.clock.wall_ms()
    if abs(apart_ms) > _APART_MS:
        return None
    return Outcome(State.SO, f"ずれ {apart_ms / 1000:+.1f} 秒", f"{apart_ms / 1000:+.1f} s off this laptop's")


def _set_clock(work: Work) -> Outcome:
    was = datetime.fromtimestamp(work.about.at / 1000, UTC).isoformat(timespec="seconds")
    try:
        work.about = work.held.set_clock(work.clock.wall_ms())
    except DeviceError as error:
        raise DeviceError(
            Exit.HARDWARE,
            ja=f"時計が {was} で、合わせられません。証明書を確かめられません",
            en=f"the clock says {was} and cannot be set, so no certificate can be checked: {error.en}",
            do_ja="時計の部品か、本体のソフトを確かめてください",
            do_en="look at the clock of the board, and at what runs on it",
        ) from error
    return Outcome(State.OK, f"{was} から合わせました", f"set; it said {was}")


# ---------------------------------------------------------------------------------------------- who it is


def _is_configured(work: Work) -> Outcome | None:
    have, want = work.about.unit, work.asked.name
    if not have:
        return None
    if have != want:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"この機械はもう {have} です",
            en=f"this box is {have} already, and not {want}",
            do_ja="名前とアドレスを確かめてください",
            do_en="check name and address",
        )
    return Outcome(State.SO, have, have)


def _configure(work: Work) -> Outcome:
    work.about = work.held.init(work.asked)
    return Outcome(State.OK, work.asked.name, work.asked.name)


def _is_let_in(work: Work) -> Outcome | None:
    return _let_in(State.SO, work.about) if work.about.epoch else None


def _let_in(state: State, about: About) -> Outcome:
    until = datetime.fromtimestamp(about.certificate_ends / 1000, UTC).date().isoformat()
    return Outcome(
        state,
        f"鍵 {key_print(about.key)}、証明書は {until} まで自動更新",
        f"key {key_print(about.key)}; certificate until {until}, renewed by itself",
    )


def _enrol(work: Work) -> Outcome:
    """Let the unit in: with an answer that was brought, over its own way to the centre, or through this laptop."""
    name = work.asked.name
    if answer := work.answer or work.keys.answer(name):
        work.about = _accept(work, answer)
    else:
        work.about = _enrol_over_a_way(work, _ticket_for(work))
    work.keys.forget_request(name)
    return _let_in(State.OK, work.about)


def _accept(work: Work, answer: bytes) -> About:
    try:
        return work.held.accept(answer)
    except DeviceError as error:
        if error.code is Exit.REFUSED:
            error.do_ja = "返事を取りのけて、登録票でもう一度。いまの依頼をもう一度もらえます"
            error.do_en = "take the answer away and say it with the ticket: the unit gives its present request again"
        raise


def _ticket_for(work: Work) -> Ticket:
    if not work.ticket:
        raise DeviceError(
            Exit.USAGE,
            ja="登録票が要ります",
            en="a ticket is needed",
            do_ja="役場の登録票を --ticket で。手で運んだ返事なら --answer で",
            do_en="bring one from the office: --ticket FILE (machi central unit add); an answer goes by --answer FILE",
        )
    ticket = read_ticket(work.ticket)
    if ticket.unit != work.asked.name:
        raise DeviceError(
            Exit.REFUSED,
            ja=f"この登録票は {ticket.unit} のものです",
            en=f"this ticket is for {ticket.unit}, and not for {work.asked.name}",
        )
    return ticket


def _enrol_over_a_way(work: Work, ticket: Ticket) -> About:
    """Let the unit call the centre; if neither it nor this laptop has a way there, take its request along."""
    try:
        return work.held.enrol(work.ticket)
    except DeviceError as error:
        if error.code is not Exit.TOWN:
            raise
    where = urlsplit(ticket.url)
    host, port = where.hostname or "", where.port or _HTTPS
    if work.answers(host, port):
        return work.held.enrol(work.ticket, work.held.forward(host, port))
    path = work.keys.keep_request(ticket.unit, work.held.request(work.ticket))
    raise DeviceError(
        Exit.TOWN,
        ja=f"本体からも、このパソコンからも、町({host}:{port})に届きません。依頼を {path} に書きました",
        en=f"neither the unit nor this laptop reaches the town at {host}:{port}; its request is in {path}",
        do_ja=f"どちらかを町につなぐか、役場で: machi central unit admit TOWN {path.name} > {ticket.unit}.answer。"
        "返事を依頼の横に置くか --answer で、もう一度。ここまでは残ります",
        do_en="connect one of them, or at the office:"
        f" machi central unit admit TOWN {path.name} > {ticket.unit}.answer."
        " Put the answer beside the request, or name it with --answer, and say the same again; what was done stays",
    )


# ---------------------------------------------------------------------------------------------- whom it believes


def _is_told(work: Work) -> Outcome | None:
    told = work.keys.told()
    if work.about.technicians < told.number or not work.about.host_certificate:
        return None
    return Outcome(State.SO, f"名簿 {work.about.technicians}", f"list {work.about.technicians}")


def _tell(work: Work) -> Outcome:
    if work.about.technicians < work.keys.told().number:
        work.about = work.held.trust(work.keys.told_raw())
    if work.about.host_certificate:
        return Outcome(State.OK, f"名簿 {work.about.technicians}", f"list {work.about.technicians}")
    key = work.keys.folder / "hosts" / work.asked.name
    return Outcome(
        State.WARN,
        ja="町の証明書がまだありません。このパソコンだけが鍵を知っています",
        en="the town vouches for its SSH server not yet: only this laptop knows its key",
        do_ja=f"{key} の鍵を役場へ: machi central technician host",
        do_en=f"bring the key in {key} to the office: machi central technician host",
    )


# ---------------------------------------------------------------------------------------------- does it serve


def _serves(work: Work) -> Outcome | None:
    return _place(State.SO, work.unit.status()) if set(work.about.active) >= _SERVICES else None


def _start(work: Work) -> Outcome:
    work.about = work.held.start()
    until = work.clock.mono() + _SERVING_S
    while True:
        if set(work.about.active) >= _SERVICES:
            return _place(State.OK, work.unit.status())
        if work.clock.mono() > until:
            raise DeviceError(
                Exit.HARDWARE,
                ja="プログラムが動きだしません",
                en=f"its services do not start; active: {', '.join(work.about.active) or 'none'}",
                do_ja=f"記録を見てください: machi device logs {work.asked.name}",
                do_en=f"look at what they say: machi device logs {work.asked.name}",
            )
        work.clock.sleep(_EVERY_S)
        work.about = work.unit.about()


def _place(state: State, status: dict[str, Any]) -> Outcome:
    closed = status["closed"]
    if closed and closed != _NO_READER:
        return Outcome(
            State.FAIL,
            ja=f"動いていますが、お休み中です({closed})",
            en=f"it runs and serves nobody ({closed})",
            do_ja="docs/operating.md の 6 に番号の説明があります",
            do_en="docs/operating.md, 6, says what the number means",
        )
    return Outcome(state, f"場所 {status['place']}", f"at {status['place']}")


def _look_at_devices(work: Work) -> Outcome:
    report = work.unit.doctor()
    seen = ", ".join(f"{one['part']} {one['state']}" for one in report["findings"])
    wrong = [one for one in report["findings"] if one["state"] == "FAIL"]
    if not wrong:
        return Outcome(State.WARN if report["warnings"] else State.OK, seen, seen)
    return Outcome(
        State.FAIL,
        ja="; ".join(f"{one['part']}: {one['ja']}" for one in wrong),
        en="; ".join(f"{one['part']}: {one['en']}" for one in wrong),
        do_ja="; ".join(one["do_ja"] for one in wrong if one["do_ja"]),
        do_en="; ".join(one["do_en"] for one in wrong if one["do_en"]),
    )


def _read_back(work: Work) -> Outcome:
    found = journal.check(work.unit.journal(), work.asked.name, work.about.key, work.register)
    if found.broken or not found.entries:
        raise DeviceError(
            Exit.CHECK,
            ja=f"書いた記録が読めません: {found.broken}",
            en=f"what was written cannot be read back: {found.broken or 'nothing is there'}",
            do_ja="SDカードを替えてください",
            do_en="think about another SD card",
        )
    return Outcome(State.OK, f"{found.entries} 件、{found.tip} まで", f"{found.entries} entries, up to {found.tip}")


def _print_sticker(work: Work) -> Outcome:
    write(work.paper, sticker.draw(work.keys.told().town, work.asked.name, work.about.key))
    return Outcome(State.OK, str(work.paper), str(work.paper))


STEPS: Final = (
    Step[Work]("connection", "接続", "connection", _is_known, nothing),
    Step[Work]("clock", "時計", "clock", _clock_is_right, _set_clock),
    Step[Work]("configuration", "設定", "configuration", _is_configured, _configure),
    Step[Work]("enrolment", "鍵と登録", "key, enrolment", _is_let_in, _enrol),
    Step[Work]("technicians", "技術者", "technicians", _is_told, _tell),
    Step[Work]("service", "開始", "service", _serves, _start),
    Step[Work]("devices", "機器", "devices", never_so, _look_at_devices),
    Step[Work]("journal", "記録", "journal", never_so, _read_back),
    Step[Work]("sticker", "ラベル", "sticker", never_so, _print_sticker),
)
