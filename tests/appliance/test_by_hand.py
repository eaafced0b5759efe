"""A unit that nothing connects to its town but a stick: let in, used and read; and every wrong file on the way."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from appliance.config import ConfigError, read_enrolment
from appliance.setup import write_config
from appliance.uplink.by_hand import accept, request
from appliance.uplink.certificate import Tls
from central import store
from central.admitting import admit
from central.centre import Centre, open_centre
from central.enrol import CODE_DAYS
from central.folder import Folder
from central.found import Plan, found
from central.refusal import RefusedError
from central.ssh import SshAuthority
from central.world import SystemEntropy
from drivers.clock.sim import Driver as Clock
from drivers.keystore.file import Driver as Keystore
from sync.by_hand import ByHandError, Request, open_request, seal_request
from sync.facts import PlaceNamed
from sync.messages import Why, raw_bytes, text
from tests.appliance.live import Done, LiveUnit, machi, said
from tests.device.reach import host_key
from tests.fault.machine import lacks_strace, need
from tests.ports import free_port

DAY_S = 86_400
REFUSED = 6


class Office:
    """A town's office, with a clock of its own; nobody serves its centre."""

    def __init__(self, folder: Path, town: str = "todai") -> None:
        self.folder, self.clock = folder, Clock()
        plan = Plan(town, "灯台町", "Todai", "00-1234", free_port(), ("localhost",), free_port())
        found(folder, plan, self.clock, SystemEntropy())
        self.centre: Centre = open_centre(folder, self.clock, SystemEntropy())
        self.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Library"))
        self.key = Folder(folder).twin_key()

    def ticket(self, unit: str = "lib01") -> bytes:
        seal = self.key.public_key().public_bytes_raw()
        return msgspec.json.encode(self.centre.enroller.invite(unit, "library", "facility", "https://localhost", seal))

    def admit(self, asked: bytes) -> bytes:
        return admit(asked, self.centre.town_id, self.key, self.centre.town, self.centre.enroller)

    def refuses(self, asked: bytes) -> str:
        with pytest.raises(RefusedError) as error:
            self.admit(asked)
        return error.value.problem.type

    def lives(self) -> list[tuple[str, int, str]]:
        with store.reading(self.centre.engine) as connection:
            table = store.unit_key
            asked = sa.select(table.c.unit, table.c.epoch, table.c.public).order_by(*table.primary_key)
            return [(unit, epoch, public) for unit, epoch, public in connection.execute(asked)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path / "town")
    yield opened
    opened.centre.engine.dispose()


@pytest.fixture
def box(tmp_path: Path) -> Callable[[str], Path]:
    """Make a box in a folder that is named so, as a technician sets up the unit that the name begins with."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        write_config(folder, name[:5], "sim", "desk", 0, test=True)
        return folder

    return make


@pytest.fixture
def unit(box: Callable[[str], Path]) -> Path:
    return box("lib01")


def refused(call: Callable[..., object], *given: object) -> str:
    """Do what must be refused, in both languages; return the English."""
    with pytest.raises(ByHandError) as error:
        call(*given)
    assert error.value.ja
    assert error.value.ja != error.value.en
    return error.value.en


def public(folder: Path) -> str:
    return (folder / "unit.pub").read_text().strip()


# ---------------------------------------------------------------------------------------------- with a stick alone


def stick(done: Done, path: Path) -> Path:
    """Lay what a command printed onto a stick."""
    assert done.returncode == 0, done.stderr
    path.write_text(done.stdout)
    return path


@pytest.mark.fault(
    "no way to the centre, not even for the first time",
    people="Nothing. The unit serves as soon as the office's answer is brought to it, and may never see a network.",
    lost="nothing",
    found="`machi device provision` ends with 7 and the unit's request as a file for the office; each step said twice "
    "does no more than once.",
)
def test_a_unit_that_was_never_online_is_let_in_used_and_read(office: Office, unit: Path, tmp_path: Path) -> None:
    """Each step is said twice, by commands alone; the unit's clock stands in 1970 until the last of them."""
    town, past = office.folder, ["faketime", "1970-01-02 00:00:00"]
    printed = machi("central", "unit", "add", town, "lib01", "--place", "library", "--counter", "facility")
    ticket = stick(printed, tmp_path / "ticket")
    asked = stick(machi("unit", "request", unit, ticket, within=past), tmp_path / "lib01.request")
    assert machi("unit", "request", unit, ticket).stdout == asked.read_text()
    answers = [stick(machi("central", "unit", "admit", town, asked), tmp_path / f"answer{n}") for n in range(2)]
    for answer in (*answers, answers[0]):
        done = machi("unit", "accept", unit, answer, "--json", within=past)
        assert said(done)["epoch"] == 1, done.stderr
    assert office.lives() == [("lib01", 1, public(unit))]
    assert machi("unit", "request", unit, ticket).returncode == 5, "it is let in"

    live = LiveUnit(unit, free_port())
    equip_for_serving(live)
    live.start()
    try:
        assert live.status()["place"] == "library"
        out = tmp_path / "lib01.segments"
        assert live.command("export", out, "--segments").returncode == 0
        for new in (1, 0):
            taken = said(machi("central", "import", town, out, "--json"))
            assert (taken["new"] > 0, taken["refused"]) == (bool(new), [])
        office.centre.registrar.place(PlaceNamed("library", "新図書館", "しんとしょかん", "New library"))
        news = tmp_path / "to-lib01.segments"
        machi("central", "export", town, "lib01", "--output", news)
        for new in (1, 0):
            assert bool(said(live.command("import", news, "--json"))["new"]) == bool(new)
        assert live.view()["place_en"] == "New library"
    finally:
        live.clean_up()


def equip_for_serving(live: LiveUnit) -> None:
    config = live.folder / "unit.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {live.port}"))
    config.write_text(f'{config.read_text()}\n[drivers.board]\nmake = "none"\n')


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("accept", "{unit}", "{ticket}"), "nothing was asked for here"),
        (("request", "{unit}", "{other}"), "this ticket is for bus01, and this is lib01"),
    ],
)
def test_a_wrong_file_is_refused_in_both_languages(
    office: Office, unit: Path, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    given = {"unit": unit, "ticket": tmp_path / "ticket", "other": tmp_path / "other"}
    given["ticket"].write_bytes(office.ticket())
    given["other"].write_bytes(office.ticket("bus01"))
    done = machi("unit", *(word.format(**given) for word in words))
    ja, en = done.stderr.splitlines()
    assert (done.returncode, ja.isascii(), why in en) == (REFUSED, False, True), done.stderr


def test_the_office_refuses_in_both_languages(office: Office, box: Callable[[str], Path], tmp_path: Path) -> None:
    ticket, (first, second) = office.ticket(), (box("lib01"), box("lib01-other"))
    office.admit(request(first, ticket))
    for content, why in ((request(second, ticket), "ask the office for a new ticket"), (b"{}", "not a unit's request")):
        (tmp_path / "brought").write_bytes(content)
        done = machi("central", "unit", "admit", office.folder, tmp_path / "brought")
        ja, en = done.stderr.splitlines()
        assert (done.returncode, done.stdout, ja.isascii(), why in en) == (REFUSED, "", False, True), done.stderr


# ---------------------------------------------------------------------------------------------- one life, one box


def test_the_same_request_again_is_the_same_life(office: Office, unit: Path) -> None:
    asked = request(unit, office.ticket())
    first, second = office.admit(asked), office.admit(asked)
    assert accept(unit, second).epoch == 1
    given = read_enrolment(unit)
    assert accept(unit, first).epoch == accept(unit, second).epoch == 1, "whoever comes second changes nothing"
    assert read_enrolment(unit) == given
    assert office.lives() == [("lib01", 1, public(unit))]


@pytest.mark.threat("malicious technician")
def test_two_boxes_never_get_one_life(office: Office, box: Callable[[str], Path]) -> None:
    """One ticket, two boxes, whichever way the files are mixed."""
    ticket, one, two = office.ticket(), box("lib01"), box("lib01-other")
    asked, also = request(one, ticket), request(two, ticket)
    answer = office.admit(asked)
    assert office.refuses(also) == Why.BAD_CODE
    assert "answers another request" in refused(accept, two, answer)
    assert not (two / "enrolment.json").exists()
    assert accept(one, answer).epoch == 1
    assert office.lives() == [("lib01", 1, public(one))]


def test_a_second_technician_brings_the_answer(office: Office, unit: Path) -> None:
    """The first one's laptop is lost with the ticket on it: the unit knows what it asked for."""
    answer = office.admit(request(unit, office.ticket()))
    assert accept(unit, answer).unit == "lib01"


def test_another_ticket_is_another_request_with_another_key(office: Office, unit: Path) -> None:
    lost = request(unit, office.ticket())
    old = office.admit(lost)  # and nobody ever brings it
    asked = request(unit, office.ticket())
    assert "answers another request" in refused(accept, unit, old)
    assert accept(unit, office.admit(asked)).epoch == 2
    assert [epoch for _, epoch, key in office.lives() if key == public(unit)] == [2]
    assert "this answer is for lib01 in life 1" in refused(accept, unit, old)


def test_a_power_cut_that_leaves_half_a_note_costs_no_key(office: Office, unit: Path) -> None:
    """Which ticket its key was drawn for is not known any more: it is kept, for a life may have begun under it."""
    answer = office.admit(request(unit, office.ticket()))
    (unit / "unit.key.new.ticket").write_text("")
    assert accept(unit, answer).epoch == 1


def test_an_answer_for_keys_that_are_gone_lets_nothing_in(office: Office, unit: Path) -> None:
    answer = office.admit(request(unit, office.ticket()))
    (unit / "unit.key.new").unlink()
    assert "not for the keys that lie here now" in refused(accept, unit, answer)
    assert not (unit / "enrolment.json").exists()
    assert accept(unit, office.admit(request(unit, office.ticket()))).epoch == 2


@pytest.mark.parametrize("calls", ["rename", "unlink"])
def test_whatever_ends_it_the_same_answer_goes_on(office: Office, unit: Path, tmp_path: Path, calls: str) -> None:
    """It is killed at each of its renamings or deletions; said again, it is let in under the key that asked."""
    need(lacks_strace())
    answer = tmp_path / "answer"
    answer.write_bytes(office.admit(request(unit, office.ticket())))
    (_, _, let_in), *_ = office.lives()
    for number in range(1, 20):
        killing = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={calls}:signal=KILL:when={number}"]
        done = machi("unit", "accept", unit, answer, within=killing)
        if done.returncode == 0:
            break
    assert number > 2, "it was killed at least twice"
    assert machi("unit", "accept", unit, answer).returncode == 0
    assert (read_enrolment(unit).epoch, public(unit)) == (1, let_in)
    assert Keystore(Keystore.Options(str(unit / "unit.key"))).public == raw_bytes(let_in)
    assert not (unit / "unit.key.new").exists()


def test_a_new_life_in_the_same_box(office: Office, unit: Path, tmp_path: Path) -> None:
    accept(unit, office.admit(request(unit, office.ticket())))
    live = LiveUnit(unit, free_port())
    equip_for_serving(live)
    ticket = tmp_path / "ticket"
    ticket.write_bytes(office.ticket())
    live.start()
    try:
        refusal = live.command("request", ticket, "--again")
        assert (refusal.returncode, "stop it" in refusal.stderr) == (REFUSED, True), refusal.stderr
    finally:
        live.stop()
    asked = live.command("request", ticket, "--again")
    answer = tmp_path / "answer"
    answer.write_bytes(office.admit(asked.stdout.encode()))
    live.start()
    try:
        refusal = live.command("accept", answer)
        assert (refusal.returncode, "stop it" in refusal.stderr) == (REFUSED, True), refusal.stderr
    finally:
        live.stop()
    before = public(unit)
    assert said(live.command("accept", answer, "--json"))["epoch"] == 2
    assert public(unit) != before
    (earlier,) = (unit / "earlier").iterdir()
    assert {"journal.db", "unit.key", "enrolment.json"} <= {path.name for path in earlier.iterdir()}


# ---------------------------------------------------------------------------------------------- wrong files


def test_a_ticket_that_ran_out_on_the_way(office: Office, unit: Path) -> None:
    asked = request(unit, office.ticket())
    office.clock.advance(CODE_DAYS * DAY_S + 1)
    assert office.refuses(asked) == Why.BAD_CODE
    fresh = request(unit, office.ticket())
    assert fresh != asked
    answer = office.admit(fresh)
    office.clock.advance(400 * DAY_S)
    assert accept(unit, answer).epoch == 1, "an answer waits as long as it takes"


def test_an_answer_for_another_unit(office: Office, box: Callable[[str], Path]) -> None:
    here, there = box("lib01"), box("bus01")
    request(here, office.ticket())
    answer = office.admit(request(there, office.ticket("bus01")))
    assert "this answer is for bus01" in refused(accept, here, answer)
    assert accept(there, answer).unit == "bus01"
    assert "this answer is for lib01" in refused(accept, there, office.admit(request(here, office.ticket()))), (
        "also where one was let in"
    )


def test_another_town_lets_nobody_in(office: Office, unit: Path, tmp_path: Path) -> None:
    other = Office(tmp_path / "elsewhere", "minato")
    asked = request(unit, office.ticket())
    assert "this request is for todai, and this is minato" in refused(other.admit, asked)
    posing = Office(tmp_path / "posing")
    assert "sealed for another key" in refused(posing.admit, asked), "under our town's name"
    theirs = request(unit, posing.ticket())
    answer = posing.admit(theirs)
    request(unit, office.ticket())
    assert "not an answer of this town" in refused(accept, unit, answer)
    for town in (other, posing):
        town.centre.engine.dispose()


@pytest.mark.threat("hostile network")
def test_whatever_is_changed_on_the_way_is_noticed(office: Office, unit: Path) -> None:
    """Every 7th byte of both files, and each cut short; and the ticket stays good."""
    asked = request(unit, office.ticket())
    for at in range(0, len(asked) - 1, 7):
        refused(office.admit, flipped(asked, at))
    assert office.lives() == []
    answer = office.admit(asked)
    for at in range(0, len(answer) - 1, 7):
        refused(accept, unit, flipped(answer, at))
    for length in (0, 1, len(answer) // 2, len(answer) - 3):
        refused(accept, unit, answer[:length])
    assert not (unit / "enrolment.json").exists()
    assert accept(unit, answer).epoch == 1


def flipped(raw: bytes, at: int) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.threat("malicious technician")
def test_whoever_carries_them_learns_neither_code_nor_card_key(office: Office, unit: Path) -> None:
    ticket = office.ticket()
    asked = request(unit, ticket)
    answer = office.admit(asked)
    secret = Folder(office.folder).secret("card.key")
    for raw in (asked, answer, base64.b64decode(json.loads(asked)["sealed"])):
        assert json.loads(ticket)["code"].encode() not in raw
        for spelling in (secret, text(secret).encode(), secret.hex().encode()):
            assert spelling not in raw


@pytest.mark.threat("malicious technician")
def test_nobody_on_the_way_has_the_answer_sealed_for_himself(office: Office, unit: Path) -> None:
    """Not even who has opened the request: what it is to be sealed for is signed with the journal's key."""
    asked = request(unit, office.ticket())
    opened = open_request(asked, "todai", office.key)
    mine = msgspec.structs.replace(opened, answer_to=text(bytes(31) + b"\x09"))
    seal = office.key.public_key().public_bytes_raw()
    assert "changed on its way" in refused(office.admit, seal_request("todai", seal, mine))
    renamed = msgspec.structs.replace(msgspec.json.decode(asked, type=Request), unit="bus01")
    assert "changed on its way" in refused(office.admit, msgspec.json.encode(renamed))
    assert office.lives() == []


def test_what_the_unit_keeps_meanwhile_is_its_owners_alone_and_goes_when_it_is_let_in(
    office: Office, unit: Path
) -> None:
    answer = office.admit(request(unit, office.ticket()))
    assert (unit / "asked.json").stat().st_mode & 0o077 == 0
    accept(unit, answer)
    assert not (unit / "asked.json").exists()


def test_what_the_unit_keeps_may_rot(office: Office, unit: Path) -> None:
    ticket = office.ticket()
    answer = office.admit(request(unit, ticket))
    (unit / "asked.json").write_text("{")
    with pytest.raises(ConfigError, match="begin again"):
        accept(unit, answer)
    (unit / "asked.json").unlink()
    again = request(unit, ticket)
    assert accept(unit, office.admit(again)).epoch == 1, "the same ticket, the same key, the same life"


def test_a_ticket_without_a_key_to_seal_for(office: Office, unit: Path) -> None:
    old: dict[str, Any] = {name: value for name, value in json.loads(office.ticket()).items() if name != "seal"}
    for ticket in (old, old | {"seal": "AAAA"}, old | {"seal": "!"}, json.loads(office.ticket()) | {"town_key": "AA"}):
        refused(request, unit, json.dumps(ticket).encode())


def test_the_ssh_servers_certificate_comes_with_it(office: Office, unit: Path, tmp_path: Path) -> None:
    SshAuthority(office.folder / "keys", SystemEntropy()).create()
    key = host_key(tmp_path)
    answer = office.admit(request(unit, office.ticket(), key))
    accept(unit, answer, key)
    assert key.with_name("host-cert.pub").read_text().startswith("ssh-ed25519-cert-v01@openssh.com ")
    assert Tls(unit / "tls").unit() == "lib01"
    assert raw_bytes(read_enrolment(unit).town_key) == office.centre.town.signer.public
