"""A technician with a laptop before a real unit: a booted box, its own sshd, a real town."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image

from central import store
from device.errors import DeviceError, Exit
from device.fleet import read_target
from device.keys import Keys
from device.provision import STEPS, Work
from device.ssh import Road
from device.steps import State, take
from device.unit import HeldUnit
from drivers.clock.system import Driver as SystemClock
from sync.facts import PlaceNamed
from sync.installed import register
from sync.technician import Role, SetUp, key_print
from tests.appliance.live import machi
from tests.appliance.uplink.serving import Served
from tests.device.laptop import FAR, NAMED, Laptop, office, states, ticket
from tests.device.reach import Cable, Reached, another_machine, cable, host_key
from tests.fault.machine import lacks_strace, need
from tests.ports import free_port, wait_for_port
from tests.systemd.box import MACHI

BYTES_OF_A_GREETING = 2_000  # of SSH, before it is known who is there


def road(laptop: Laptop, reached: Reached, port: int = 0, unit: str = "lib01") -> Road:
    return Road(Keys(laptop.folder), read_target(reached.at(unit, port)))


def looks(laptop: Laptop, reached: Reached) -> bool:
    return road(laptop, reached).ask(Role.SUPPORT, ["about"]).code == 0


@pytest.fixture(scope="module")
def set_up(reached: Reached, town: Served, laptop: Laptop) -> Reached:
    """The box as a technician leaves it."""
    fresh = laptop.do("provision", reached.at(), "--ticket", ticket(town, laptop.folder.parent), *NAMED)
    assert (fresh.returncode, "add --fingerprint" in fresh.stderr) == (Exit.REFUSED, True)
    wrong = laptop.do("provision", reached.at(), "--fingerprint", "SHA256:" + "A" * 43)
    assert (wrong.returncode, f"it shows {reached.fingerprint()}" in wrong.stderr) == (Exit.REFUSED, True)
    there = reached.box.do("ls", "/var/lib/machitap").split()
    assert there == ["cellar", "kept", "tls"], "nothing was changed by somebody who was not sure"
    given = ("--ticket", ticket(town, laptop.folder.parent), "--fingerprint", reached.fingerprint())
    done = laptop.do("provision", reached.at(), *given, *NAMED)
    assert done.returncode == 0, f"{done.stderr}\n{reached.box.log('ssh.service')}"
    assert [line.split("]")[0] for line in done.stderr.splitlines() if line[0] == "["] == [
        f"[{n}/9" for n in range(1, 10)
    ]
    assert done.stdout == "lib01 は使えます。\nlib01 is ready.\n"
    return reached


def test_a_unit_is_set_up_and_serves_its_place(set_up: Reached, town: Served, laptop: Laptop) -> None:
    done = laptop.do("status", set_up.at(), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (seen,) = json.loads(done.stdout)["units"]
    assert (seen["unit"], seen["epoch"], seen["status"]["place"]) == ("lib01", 1, "library")
    assert seen["status"]["readers"] == ["desk"]
    assert seen["host_certificate"].startswith("ssh-ed25519-cert-v01@openssh.com ")
    (line,) = [one for one in machi("central", "status", town.folder).stdout.splitlines() if one.startswith("lib01")]
    assert "active" in line
    assert set_up.box.do("systemctl", "is-enabled", "machi-unit.target") == "enabled"


def test_the_sticker_says_who_it_is_and_by_which_key(set_up: Reached, laptop: Laptop, tmp_path: Path) -> None:
    key = set_up.box.do("cat", "/var/lib/machitap/unit.pub")
    sticker = laptop.folder.parent / "lib01-sticker.pdf"
    subprocess.run(["pdftoppm", "-r", "200", "-png", str(sticker), str(tmp_path / "page")], check=True)
    (code,) = zxingcpp.read_barcodes(Image.open(tmp_path / "page-1.png"))
    assert code.text == f"machitap-unit 1 todai/lib01 {key_print(key).replace(' ', '')}"


def test_saying_it_twice_leaves_everything_as_it_is(set_up: Reached, laptop: Laptop) -> None:
    before = set_up.box.process("machi-tap.service")
    done = laptop.do("provision", set_up.at(), "--json", *NAMED)
    assert done.returncode == 0, done.stderr
    found = states(done.stdout)
    looked_at_anew = {"devices", "journal", "sticker"}
    assert {name for name, state in found.items() if state != "SO"} == looked_at_anew
    assert set(found) == {step.name for step in STEPS}
    assert set_up.box.process("machi-tap.service") == before


def test_the_town_vouches_for_it_to_laptops_that_never_saw_it(set_up: Reached, town: Served, tmp_path: Path) -> None:
    other = Laptop(tmp_path / "keys", "jiro").certified(town, Role.SUPPORT)
    done = other.do("doctor", set_up.at(), "--json")
    (report,) = json.loads(done.stdout)["units"]
    assert (done.returncode, report["failed"]) == (0, 0), done.stdout
    refused = other.do("provision", set_up.at())
    assert (refused.returncode, "allows support" in refused.stderr) == (Exit.PERMISSION, True)


def test_a_journal_is_taken_along_and_the_centre_takes_it(set_up: Reached, town: Served, laptop: Laptop) -> None:
    done = laptop.do("pull", set_up.at(), "--json")
    assert done.returncode == 0, done.stderr
    (pulled,) = json.loads(done.stdout)["units"]
    assert (pulled["broken"], pulled["entries"] >= 1) == ("", True)
    taken = machi("central", "import", town.folder, pulled["file"], "--json")
    assert json.loads(taken.stdout)["refused"] == []


def test_what_a_unit_keeps_for_its_neighbours_is_taken_along_as_it_is(
    set_up: Reached, laptop: Laptop, tmp_path: Path
) -> None:
    kept = "/var/lib/machi-keeper"
    for name in ("bus01-1.twin", "bus01-2.twin", "something.else"):
        set_up.box.do("sh", "-c", f"echo {name} >{kept}/{name}")
    done = laptop.do("pull", set_up.at(), "--kept", "--to", tmp_path, "--json")
    (pulled,) = json.loads(done.stdout)["units"]
    assert [Path(file).name for file in pulled["kept"]] == ["bus01-1.twin", "bus01-2.twin"]
    assert [Path(file).read_text().strip() for file in pulled["kept"]] == ["bus01-1.twin", "bus01-2.twin"]
    assert "machi-keeper" in set_up.box.do("ls", "-ld", kept)
    set_up.box.do("sh", "-c", f"rm {kept}/*")


@pytest.mark.threat("malicious technician")
def test_what_was_asked_and_by_whom_is_in_the_log(set_up: Reached, laptop: Laptop) -> None:
    done = laptop.do("logs", set_up.at(), "--since", "-1h", "--json")
    (found,) = json.loads(done.stdout)["units"]
    asked = [line.partition("hanako #")[2] for line in found["lines"] if "hanako #" in line]
    assert any(line.endswith("(provision): enrol") for line in asked)
    assert any("machi-tap" in line or "python" in line or "machi[" in line for line in found["lines"]), found["lines"]
    assert any("machi-keeper" in line or "machi-twin" in line for line in found["lines"]), found["lines"]


def test_a_fleet_is_asked_at_once_and_who_is_away_holds_up_nobody(
    set_up: Reached, laptop: Laptop, tmp_path: Path
) -> None:
    fleet = tmp_path / "town.toml"
    away = '[[unit]]\nname = "bus01"\nhost = "127.0.0.1"\nport = 1\n'
    fleet.write_text(f'[[unit]]\nname = "lib01"\nhost = "127.0.0.1"\nport = {set_up.port}\n{away}')
    done = laptop.do("status", "--fleet", fleet, "--json")
    found = {unit["unit"]: unit for unit in json.loads(done.stdout)["units"]}
    assert (done.returncode, found["lib01"]["code"], found["bus01"]["code"]) == (Exit.CHECK, 0, Exit.NOT_FOUND)
    assert "its SSH server is not" in found["bus01"]["error"]["en"]


# ---------------------------------------------------------------------------------------------- who may do what


@pytest.mark.threat("malicious technician")
@pytest.mark.parametrize(
    ("role", "asked", "code", "why"),
    [
        (Role.SUPPORT, ["cat", "/etc/shadow"], Exit.USAGE, "there is no shell here"),
        (Role.PROVISION, [], Exit.USAGE, "there is no shell here"),
        (Role.SUPPORT, ["stop"], Exit.PERMISSION, "does not allow"),
        (Role.SUPPORT, ["about;", "reboot"], Exit.USAGE, "there is no shell here"),
        (Role.PROVISION, ["stop"], Exit.REFUSED, "nobody holds this unit"),
        (Role.SUPPORT, ["about", "all"], Exit.USAGE, "takes 0 words"),
        (Role.SUPPORT, ["logs", "--help", "5"], Exit.USAGE, "Failed to parse"),
        (Role.SUPPORT, ["logs", "-1h"], Exit.USAGE, "takes 2 words"),
        (Role.SUPPORT, ["logs", "'"], Exit.USAGE, "No closing quotation"),
    ],
)
def test_nobody_gets_more_than_a_role_allows(
    set_up: Reached, laptop: Laptop, role: Role, asked: list[str], code: Exit, why: str
) -> None:
    answer = road(laptop, set_up).ask(role, asked)
    assert (answer.code, answer.out) == (code, b""), answer.err
    assert why in answer.err


@pytest.mark.threat("malicious technician")
def test_no_way_leads_through_a_unit(set_up: Reached, laptop: Laptop) -> None:
    """No forwarding to anywhere, no files, no root, no password."""
    looking, changing = (road(laptop, set_up)._command(role, [], []) for role in Role)
    elsewhere, everywhere = ["-W", "127.0.0.1:22"], ["-N", "-R", "0.0.0.0:0:127.0.0.1:22"]
    assert "stdio forwarding failed" in tried(looking, elsewhere)
    assert "stdio forwarding failed" in tried(changing, elsewhere)
    assert "forwarding failed" in tried(looking, ["-N", "-R", "127.0.0.1:0:127.0.0.1:22"])
    assert "forwarding failed" in tried(changing, everywhere)
    assert "Permission denied (publickey)" in tried(looking, ["-o", "PreferredAuthentications=password"])
    assert "Permission denied" in tried([word.replace("User=machi-support", "User=root") for word in looking], [])


def tried(command: list[str], words: list[str]) -> str:
    """Return what ssh says to a command with some more words, which comes to nothing."""
    done = subprocess.run([command[0], *words, *command[1:]], capture_output=True, check=False, timeout=10)
    assert done.returncode == 255, done.stderr
    return done.stderr.decode()


def test_a_second_technician_is_told_who_is_at_work(
    set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path
) -> None:
    other = Laptop(tmp_path / "keys", "jiro").certified(town)
    with road(laptop, set_up).held():
        done = other.do("provision", set_up.at(), *NAMED)
        assert done.returncode == Exit.EXISTS, done.stderr
        assert "hanako #" in done.stderr
        assert "is at work on lib01" in done.stderr
        assert looks(other, set_up), "whoever looks waits for nobody"
        stops = road(other, set_up).ask(Role.PROVISION, ["stop"])
        assert (stops.code, "hanako" in stops.err) == (Exit.EXISTS, True)
    with road(other, set_up).held() as session:
        assert HeldUnit(session).about().unit == "lib01", "once it is let go, it is free"


@pytest.mark.threat("malicious technician")
def test_a_certificate_that_has_run_out_opens_nothing(
    set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path
) -> None:
    late = Laptop(laptop.folder, within=["faketime", "+9 hours"]).do("status", set_up.at())
    assert (late.returncode, "your certificate ran out" in late.stderr) == (Exit.PERMISSION, True)
    other = Laptop(tmp_path / "keys", "jiro").certified(town)
    authority, public = town.folder / "keys" / "ssh-technicians", other.folder / "key.pub"
    spent = ["-q", "-s", authority, "-I", "jiro", "-n", "provision,support", "-V", "always:20260101", public]
    subprocess.run(["ssh-keygen", *map(str, spent)], check=True)
    with pytest.raises(DeviceError) as refused:
        road(other, set_up).ask(Role.SUPPORT, ["about"])
    assert refused.value.code == Exit.PERMISSION, "and the unit looks, too"


@pytest.mark.threat("malicious technician")
def test_a_revoked_certificate_opens_nothing_once_the_unit_has_heard_of_it(
    set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path
) -> None:
    stolen = Laptop(tmp_path / "keys", "jiro").certified(town)
    desk = office(town)
    desk.revoke(desk.listed()[-1].serial, "laptop stolen")
    assert looks(stolen, set_up), "nobody has told the unit"
    old = Keys(laptop.folder).told_raw()
    Keys(laptop.folder).keep(None, desk.told())
    with road(laptop, set_up).held() as session:
        unit = HeldUnit(session)
        assert unit.trust(desk.told()).technicians == 2
        with pytest.raises(DeviceError, match="is older than this unit's"):
            unit.trust(old)
        forged = old.replace(b'"number":1', b'"number":9')
        assert forged != old
        with pytest.raises(DeviceError, match="not a message of this town"):
            unit.trust(forged)
    done = stolen.do("status", set_up.at())
    assert (done.returncode, "does not take your certificate" in done.stderr) == (Exit.PERMISSION, True)
    assert looks(laptop, set_up), "others go on as they were"


# ---------------------------------------------------------------------------------------------- who it is not


@pytest.mark.threat("hostile network")
def test_another_machine_at_its_address_is_not_believed(
    set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path
) -> None:
    key = host_key(tmp_path)
    stranger = Laptop(tmp_path / "keys", "jiro").certified(town)
    with another_machine(tmp_path) as port:
        changed = laptop.do("status", set_up.at(port=port))
        assert (changed.returncode, "it shows another key" in changed.stderr) == (Exit.REFUSED, True)
        unknown = stranger.do("status", set_up.at(port=port))
        assert (unknown.returncode, "nothing vouches for" in unknown.stderr) == (Exit.REFUSED, True)
    with another_machine(tmp_path, office(town).host(key.read_text(), "bus01").certificate) as port:
        posing = stranger.do("status", set_up.at(port=port))
        assert (posing.returncode, "nothing vouches for" in posing.stderr) == (Exit.REFUSED, True)
        itself = stranger.do("status", set_up.at("bus01", port))
        assert itself.returncode == Exit.PERMISSION, "under its own name it is believed; it lets nobody in"


def test_a_unit_is_not_set_up_as_another(set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path) -> None:
    key = tmp_path / "host.pub"
    key.write_text(set_up.box.do("cat", "/var/lib/machi-ssh/host_ed25519.pub"))
    Keys(laptop.folder).pin("bus01", key.read_text())
    done = laptop.do("provision", set_up.at("bus01"), "--ticket", ticket(town, tmp_path, "bus01"), *NAMED)
    assert done.returncode == Exit.REFUSED, done.stderr
    assert laptop.do("forget", "bus01").returncode == 0


# ---------------------------------------------------------------------------------------------- faults


def test_whatever_ends_it_the_next_one_goes_on_from_there(
    set_up: Reached, town: Served, laptop: Laptop, far: Laptop, tmp_path: Path
) -> None:
    """A unit that reaches no centre, at the end of a bad cable, with a full disk, is set up with one ticket."""
    set_up.make_new()
    box, paper = set_up.box, tmp_path / "sticker.pdf"
    box.do("mount", "-t", "tmpfs", "-o", "size=300m,mode=2750", "disk", "/var/lib/machitap")
    box.do("systemd-tmpfiles", "--create", "machitap.conf")
    given = ("--ticket", ticket(town, tmp_path, host=FAR), "--sticker", paper, *NAMED)
    assert laptop.do("forget", "lib01").returncode == 0
    with cable(set_up.port) as laid:
        at = set_up.at(port=laid.port)
        first = (*given, "--fingerprint", set_up.fingerprint())
        planned = far.do("provision", at, *first, "--dry-run", "--json")
        assert planned.returncode == 0, planned.stderr
        assert states(planned.stdout)["enrolment"] == "PLAN"
        box.run("sh", "-c", "cat /dev/zero >/var/lib/machitap/full")
        full = laptop.do("provision", at, *given)
        assert (full.returncode, "No space left on device" in full.stderr) == (Exit.HARDWARE, True), full.stderr
        box.do("rm", "/var/lib/machitap/full")
        cut_behind(2, laid, laptop.command("provision", at, *given))
        nowhere = laptop.do("provision", at, *given)
        assert (nowhere.returncode, f"reaches the town at {FAR}" in nowhere.stderr) == (Exit.TOWN, True), nowhere.stderr
        for step in (0, *range(3, 8)):  # the others ask the unit nothing by now
            cut_behind(step, laid, far.command("provision", at, *given))
        done = far.do("provision", at, "--json", *given)
    assert done.returncode == 0, done.stderr
    assert states(done.stdout)["enrolment"] == "SO"
    assert paper.exists()
    lives = [one for one in office_says(town, "lib01") if one]
    assert lives == ["2"], "one ticket, one life"
    verified: dict[str, Any] = json.loads(box.do(MACHI, "unit", "verify", "/var/lib/machitap", "--json"))
    assert not verified["broken"]
    carried_by_hand(set_up, town, laptop)


@pytest.mark.fault("no way to the centre, not even for the first time")
def test_where_nothing_reaches_the_centre_a_unit_is_let_in_by_files(
    set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path
) -> None:
    """The first technician takes the request along; a second one, whose laptop never saw it, brings the answer."""
    set_up.make_new()
    assert laptop.do("forget", "lib01").returncode == 0
    known = ("--fingerprint", set_up.fingerprint(), "--sticker", tmp_path / "sticker.pdf", *NAMED)
    given = ("--ticket", ticket(town, tmp_path, host=FAR), *known)
    asked = laptop.folder / "asked" / "lib01.request"
    requests = []
    for _ in range(2):
        done = laptop.do("provision", set_up.at(), *given)
        assert (done.returncode, f"its request is in {asked}" in done.stderr) == (Exit.TOWN, True), done.stderr
        assert "machi central unit admit" in done.stderr
        requests.append(asked.read_bytes())
    assert requests[0] == requests[1]
    answer = asked.with_name("lib01.answer")
    for _ in range(2):
        answer.write_text(machi("central", "unit", "admit", town.folder, asked).stdout)

    other = Laptop(tmp_path / "keys", "jiro").certified(town)
    wrong = answer.read_text().replace("A", "B", 1)
    (tmp_path / "tampered").write_text(wrong)
    tampered = other.do("provision", set_up.at(), "--answer", tmp_path / "tampered", *known)
    assert (tampered.returncode, "not an answer of this town" in tampered.stderr) == (Exit.REFUSED, True)
    assert "この町の返事ではない" in tampered.stderr
    brought = other.do("provision", set_up.at(), "--answer", answer, "--json", *known)
    assert (brought.returncode, states(brought.stdout)["enrolment"]) == (0, "OK"), brought.stderr
    found = laptop.do("provision", set_up.at(), "--json", *given)
    assert (found.returncode, states(found.stdout)["enrolment"]) == (0, "SO"), found.stderr
    with road(other, set_up).held() as session:
        assert HeldUnit(session).about().host_certificate, "the town vouches for its SSH server"
        assert HeldUnit(session).accept(answer.read_bytes()).epoch == int(office_says(town, "lib01")[0])
    carried_by_hand(set_up, town, laptop)


def test_an_answer_beside_its_request_is_found(set_up: Reached, town: Served, laptop: Laptop, tmp_path: Path) -> None:
    set_up.make_new()
    laptop.do("forget", "lib01")
    known = ("--fingerprint", set_up.fingerprint(), "--sticker", tmp_path / "sticker.pdf", *NAMED)
    given = ("--ticket", ticket(town, tmp_path, host=FAR), *known)
    asked, answer = (laptop.folder / "asked" / f"lib01.{what}" for what in ("request", "answer"))
    answer.write_text("left over from another time")
    assert laptop.do("provision", set_up.at(), *given).returncode == Exit.TOWN
    answer.write_text(machi("central", "unit", "admit", town.folder, asked).stdout)
    done = laptop.do("provision", set_up.at(), *known)
    assert done.returncode == 0, done.stderr
    assert not asked.exists()
    assert not answer.exists()


def cut_behind(step: int, laid: Cable, command: list[str]) -> None:
    """Provision, and cut the cable as soon as so many steps have ended; it ends by itself, and says what to do."""
    laid.room = 0 if step else BYTES_OF_A_GREETING
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        if step == 0:
            time.sleep(0.2)
            laid.cut()
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith(f"[{step}/"):
                laid.cut()
        code = process.wait(60)
    assert code == Exit.NOT_FOUND, said
    assert "say the same once more" in said, said


def office_says(town: Served, unit: str) -> list[str]:
    """Return the life of a unit that the centre goes by."""
    with store.reading(town.centre.engine) as connection:
        asked = sa.select(store.unit.c.epoch).where(store.unit.c.name == unit)
        return [str(epoch) for epoch in connection.execute(asked).scalars()]


def carried_by_hand(set_up: Reached, town: Served, laptop: Laptop) -> None:
    """The unit has never been online; what it notes reaches the town all the same."""
    (pulled,) = json.loads(laptop.do("pull", set_up.at(), "--json").stdout)["units"]
    taken = json.loads(machi("central", "import", town.folder, pulled["file"], "--json").stdout)
    assert (taken["refused"], taken["new"] >= 1) == ([], True)
    town.centre.registrar.place(PlaceNamed("library", "図書館", "としょかん", "Public Library"))
    news = laptop.folder.with_name("news")
    machi("central", "export", town.folder, "lib01", "--output", news)
    brought = laptop.do("bring", set_up.at(), news, "--json")
    assert json.loads(brought.stdout)["new"] >= 1, brought.stderr
    forged = news.read_bytes().replace(b"Public", b"Secret")
    assert forged != news.read_bytes()
    news.write_bytes(forged)
    assert laptop.do("bring", set_up.at(), news).returncode == Exit.REFUSED
    stopped = laptop.do("stop", set_up.at(), "--json")
    assert not {*json.loads(stopped.stdout)["active"]} & {"machi-tap.service", "machi-uplink.service"}, stopped.stderr
    assert json.loads(laptop.do("pull", set_up.at(), "--json").stdout)["units"][0]["broken"] == "", "its disk is there"


def test_a_unit_in_1970_lets_a_technician_in_and_is_set_right(set_up: Reached, laptop: Laptop) -> None:
    """Its clock is seen through libfaketime; setting it is caught by strace, for it is this machine's."""
    need(lacks_strace())
    box, port = set_up.box, free_port()
    past = "/usr/bin/faketime '1970-01-02 00:00:00'"
    box.do("tee", "/etc/sudoers.d/past", given="machi-provision ALL=(root) NOPASSWD: /usr/bin/faketime\n")
    config = box.do("cat", "/etc/ssh/sshd_config.d/10-machitap.conf").replace("sudo -n ", f"sudo -n {past} ")
    own = f"Port {port}\nListenAddress 127.0.0.1\nUsePAM yes\nPidFile /run/past.pid\n"
    box.do("tee", "/etc/ssh/past", given=f"{own}{config}\n")
    caught = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/run/set",
        "-e",
        "inject=clock_settime:retval=0",
        "-e",
        "trace=clock_settime",
    ]
    server = [*caught, "sh", "-c", f"exec {past} /usr/sbin/sshd -D -f /etc/ssh/past"]
    inside = ["nsenter", f"--target={box.first}", "--mount", "--uts", "--ipc", "--pid"]
    process = subprocess.Popen([*inside, *server])
    try:
        wait_for_port(port, process)
        with road(laptop, set_up, port).held() as session:
            connection, clock = take(STEPS[:2], work(HeldUnit(session), Keys(laptop.folder)), lambda _line: None)
    finally:
        box.do("sh", "-c", "kill $(cat /run/past.pid)")
        process.wait(10)
    assert connection.outcome.state is State.SO
    assert clock.outcome.state is State.OK
    assert clock.outcome.en.startswith("set; it said 1970-01-02T00:00:")
    set_to = int(box.do("cat", "/run/set").split("tv_sec=")[1].split(",")[0])
    assert abs(set_to - time.time()) < 60


def work(unit: HeldUnit, keys: Keys) -> Work:
    asked = SetUp("lib01", "sim", "desk", 0, test=True)
    return Work(
        unit,
        keys,
        asked,
        b"",
        SystemClock(),
        lambda _host, _port: False,
        register(),
        keys.folder / "sticker",
        unit.about(),
    )
