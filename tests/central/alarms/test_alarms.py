"""From a unit that falls silent to a mail in somebody's box and a line in a chat, through real servers."""

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from central import heard, store
from central.alarms import books
from central.alarms.letters import Letter
from central.alarms.outbox import Parcel, put
from central.alarms.recipients import MAIL_PASSWORD, WEBHOOK_URL, Mail, Quiet, Recipients, Tls
from central.alarms.sending import Sender
from central.alarms.watch import Watch
from central.centre import Centre, open_centre
from central.console.desk import Desk
from central.folder import FolderError
from central.found import Plan, found
from central.heard import HOUR_MS, WEEK, Rhythm
from central.world import SystemClock, SystemEntropy
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.messages import Report
from sync.symptoms import Grade, Symptom, What, spell
from tests.central.alarms.post import BUSY, PASSWORD, UNKNOWN, USER, Trust, mail_server, webhook
from tests.central.beside import packed
from tests.central.pen import Pen, touch
from tests.central.serving import MACHI, serving
from tests.ports import free_port

HANAKO, TARO = "hanako@town.example", "taro@town.example"
SENDER = "machitap@town.example"
CARD = "5e" * 16


@pytest.fixture(autouse=True)
def straight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask this machine itself, whatever proxy it is told to use."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(tmp_path_factory.mktemp("trust"))


@dataclass
class Town:
    """A town whose time the test moves, its units, and what watches over them."""

    centre: Centre
    watch: Watch
    pens: list[Pen]
    secrets: dict[str, bytes]

    def set(self, to: Recipients) -> None:
        with self.centre.engine.begin() as connection:
            books.set_recipients(connection, to)

    @property
    def state(self) -> books.State:
        with store.reading(self.centre.engine) as connection:
            return books.state(connection)

    def calls(self, *pens: Pen, **report: str) -> None:
        for pen in pens:
            self.centre.intake.holdings(pen.peer, Report(**report), "0b")  # type: ignore[arg-type]

    def minutes(self, count: int, *callers: Pen, **report: str) -> None:
        """Let time go by: some units call, and the town is looked at, as the served centre does it each minute."""
        for _ in range(count):
            clock = self.centre.town.clock
            assert isinstance(clock, Clock)
            clock.advance(60)
            self.calls(*callers, **report)
            if self.watch.look()() and (noted := self.watch.send()):
                noted()


@contextmanager
def watched(folder: Path, trust: Trust, units: int = 2) -> Iterator[Town]:
    """Found a town in which units are known to be heard at every hour."""
    centre = open_sim_centre(Clock(), "alarms", f"sqlite:///{folder / 'town.db'}")
    name_place(centre, "library")
    pens = [Pen.enrolled(centre, f"lib{number:02}", f"seed {number}") for number in range(units)]
    centre.reconciler.catch_up()
    secrets: dict[str, bytes] = {}

    def secret(name: str) -> bytes:
        if name not in secrets:
            raise FolderError(f"{name}: no such file")
        return secrets[name]

    town = Town(centre, Watch(Desk.of(centre), Sender(secret, trust.client)), pens, secrets)
    town.calls(*pens)
    hour = centre.town.clock.wall_ms() // HOUR_MS
    always = {pen.unit: Rhythm(hour, f"{(1 << 4 * WEEK) - 1:x}", 4 * WEEK) for pen in pens}
    with centre.engine.begin() as connection:
        heard.learn(connection)
        heard.set_rhythms(connection, always)
    town.minutes(20, *pens)
    yield town
    centre.engine.dispose()


@pytest.fixture
def town(tmp_path: Path, trust: Trust) -> Iterator[Town]:
    with watched(tmp_path, trust) as found:
        yield found


def by_mail(port: int, *addresses: str, user: str = USER) -> Recipients:
    return Recipients(addresses or (HANAKO,), Mail("localhost", port, Tls.STARTTLS, SENDER, user))


@pytest.mark.fault(
    "a unit that says nothing any more",
    people="Nothing, if its screen is on: it serves on without the centre. If it is off, whoever comes to tap.",
    lost="nothing: what it noted is in it",
    found="By its own habits: it is missed when an hour goes by in which it is usually heard. The console shows it, and"
    " a mail is sent.",
)
def test_a_unit_that_falls_silent_is_told_by_mail_and_webhook_and_so_is_its_return(town: Town, trust: Trust) -> None:
    with mail_server(trust) as (port, office), webhook() as hook:
        town.secrets |= {MAIL_PASSWORD: f"{PASSWORD}\n".encode(), WEBHOOK_URL: hook.url.encode()}
        town.set(Recipients((HANAKO, TARO), by_mail(port).mail, "127.0.0.1"))
        silent, there = town.pens
        town.minutes(30, there)
        assert [(mail["To"], mail["From"]) for mail in office.mails] == [(HANAKO, SENDER), (TARO, SENDER)]
        mail = office.mails[0]
        assert str(mail["Subject"]).startswith("【まちタップ 灯台町】library lib00: ")
        text = mail.get_content()
        assert "連絡がありません" in text
        assert "すること: その場所に電話して" in text
        assert "not heard since" in text.lower()
        assert mail["Auto-Submitted"] == "auto-generated"
        (posted,) = hook.posted
        assert posted["schema"] == "machi.alarm/1"
        assert "連絡がありません" in posted["text"]
        assert len(posted["news"]["began"]) == 1
        town.minutes(30, silent, there)
        assert len(office.mails) == 4
        assert "おわりました" in str(office.mails[-1]["Subject"])
        assert posted["id"] != hook.posted[-1]["id"]
        town.minutes(600, silent, there)
    assert len(office.mails) == 4
    assert all(office.is_secret)
    assert set(office.logins) == {USER}
    assert town.state.outbox.waiting == ()


def test_a_mail_names_no_card_and_no_secret_is_logged(
    town: Town, trust: Trust, caplog: pytest.LogCaptureFixture
) -> None:
    town.pens[0].send(town.pens[0].begin(touch(card=CARD)))
    town.centre.reconciler.catch_up()
    with mail_server(trust) as (port, office), webhook() as hook, caplog.at_level(logging.DEBUG):
        town.secrets |= {MAIL_PASSWORD: b"wrong", WEBHOOK_URL: hook.url.encode()}
        hook.answer = 500
        town.set(Recipients((HANAKO,), by_mail(port).mail, "127.0.0.1"))
        town.minutes(30, town.pens[0])
        assert {one.error[:11] for one in town.state.outbox.waiting} == {"SMTPAuthent", "the webhook"}
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        hook.answer = 200
        town.minutes(70, town.pens[0])
        assert len(office.mails) == 1
    said = office.mails[0].as_string() + office.mails[0].get_content() + str(hook.posted)
    assert CARD[:8] not in said
    with store.reading(town.centre.engine) as connection:
        everything = "".join(connection.exec_driver_sql("SELECT value FROM setting").scalars())
    for secret in (PASSWORD, "wrong", "hidden-in-the-address"):
        assert secret not in caplog.text
        assert secret not in everything


@pytest.mark.fault(
    "the mail server for alarms is away, or hangs",
    people="Nothing. The office sees on the console what a mail would have said.",
    lost="nothing: letters wait in the database for three days, and go out when it is back",
    found="By the error, which `machi central alarms list` shows.",
)
def test_a_mail_server_that_is_away_is_tried_again_until_it_is_back(town: Town, trust: Trust) -> None:
    port = free_port()
    town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
    town.set(by_mail(port, HANAKO, TARO))
    town.minutes(120, town.pens[0])
    waiting = town.state.outbox.waiting
    assert {one.to for one in waiting} == {HANAKO, TARO}
    assert all(4 <= one.tries <= 8 for one in waiting), "with growing pauses, for all of them"
    assert "Connection refused" in waiting[0].error
    with mail_server(trust, port) as (_, office):
        town.minutes(61, town.pens[0])
        assert sorted(mail["To"] for mail in office.mails) == [HANAKO, TARO]
        assert office.mails[0]["Message-ID"] == office.mails[1]["Message-ID"], "it is one letter"


def test_of_several_recipients_one_that_is_refused_holds_up_no_other(town: Town, trust: Trust) -> None:
    with mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port, UNKNOWN, BUSY, HANAKO))
        town.minutes(30, town.pens[0])
    assert [mail["To"] for mail in office.mails] == [HANAKO]
    state = town.state
    assert [(one.to, one.error) for one in state.outbox.failed] == [(UNKNOWN, "550 5.1.1 no such user")]
    assert [(one.to, one.error) for one in state.outbox.waiting] == [(BUSY, "450 4.2.1 come back later")]


def test_a_server_that_another_authority_vouches_for_gets_neither_mail_nor_password(town: Town, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with mail_server(Trust(tmp_path / "other")) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port))
        town.minutes(30, town.pens[0])
    assert (office.mails, office.logins) == ([], [])
    assert "CERTIFICATE_VERIFY_FAILED" in town.state.outbox.waiting[0].error


def test_many_units_that_fall_silent_together_are_one_line_in_one_mail(tmp_path: Path, trust: Trust) -> None:
    with watched(tmp_path, trust, 12) as town, mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port))
        town.minutes(90, *town.pens[:2])
        (mail,) = office.mails
        assert "10台の端末から" in str(mail["Subject"])
        assert mail.get_content().count("・") == 1
        town.minutes(30, *town.pens)
        assert [mail.get_content().count("・") for mail in office.mails] == [1, 1]


def test_a_restart_tells_nothing_twice_and_nothing_falsely_as_over(town: Town, trust: Trust) -> None:
    with mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port))
        town.minutes(30, town.pens[0])
        assert len(office.mails) == 1
        for minutes in (40, 10, 10, 40):  # the process ends, and another begins
            town.watch = Watch(Desk.of(town.centre), town.watch.sender)
            town.minutes(minutes, town.pens[0])
    assert len(office.mails) == 1


def test_what_a_unit_says_itself_is_told_and_what_can_wait_is_not(town: Town, trust: Trust) -> None:
    gone, worn = Symptom(What.READER_GONE, Grade.ACT), Symptom(What.WEAR, Grade.SEE, 91)
    with mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port))
        town.minutes(10, *town.pens, symptoms=spell([worn]))
        assert office.mails == []
        town.minutes(10, *town.pens, symptoms=spell([worn, gone]))
    text = office.mails[0].get_content()
    assert text.count("タッチできません") == 2
    assert "SDカード" not in text


def test_in_quiet_hours_it_waits_until_the_morning(town: Town, trust: Trust) -> None:
    with mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        hour = town.watch.desk.moment().hour
        to = by_mail(port)
        town.set(Recipients(to.addresses, to.mail, quiet=Quiet(hour, (hour + 3) % 24)))
        town.minutes(60, town.pens[0])
        assert office.mails == []
        town.minutes(150, town.pens[0])
        assert len(office.mails) == 1


@pytest.mark.parametrize(
    ("first", "until", "quiet", "loud"), [(22, 7, (22, 23, 0, 6), (7, 12, 21)), (1, 3, (1, 2), (0, 3, 23))]
)
def test_quiet_hours_may_go_over_midnight(
    first: int, until: int, quiet: tuple[int, ...], loud: tuple[int, ...]
) -> None:
    hours = Quiet(first, until)
    assert all(map(hours.holds, quiet))
    assert not any(map(hours.holds, loud))


def test_without_recipients_nothing_is_watched_and_with_the_first_one_what_is_so_is_news(
    town: Town, trust: Trust
) -> None:
    town.minutes(60, town.pens[0])
    assert town.state == books.State()
    with mail_server(trust) as (port, office):
        town.secrets[MAIL_PASSWORD] = PASSWORD.encode()
        town.set(by_mail(port))
        town.minutes(10, town.pens[0])
        assert len(office.mails) == 1


# ---- the served centre


def waits_for(something: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not something() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.05)
    assert something()  # type: ignore[operator]


def queue(centre: Centre, to: Recipients) -> None:
    """Let a letter wait for everybody, as if it had been written before the process ended."""
    letter, now_ms = Letter("件名", "本文"), SystemClock().wall_ms()
    with centre.engine.begin() as connection:
        books.set_recipients(connection, to)
        books.set_state(connection, books.State(outbox=put(books.State().outbox, "0a", to.to, letter, now_ms)))


def founded(folder: Path) -> Centre:
    found(folder, Plan("todai", "灯台町", "Todai", "00", 8443, ("localhost",), 8080), SystemClock(), SystemEntropy())
    return open_centre(folder, SystemClock(), SystemEntropy())


def test_a_served_centre_sends_what_waited(tmp_path: Path, trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(trust.ca))
    with mail_server(trust) as (port, office), serving(tmp_path / "first") as served:
        assert served.process.poll() is None
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
        (tmp_path / "first" / "keys" / MAIL_PASSWORD).write_text(PASSWORD)
        (tmp_path / "first" / "keys" / MAIL_PASSWORD).chmod(0o600)
        queue(served.centre, by_mail(port))
        again = _serve_again(tmp_path / "first")
        try:
            waits_for(lambda: office.mails)
            waits_for(lambda: not _waiting(served.centre))
        finally:
            again.terminate()
            assert again.wait(20) == 0
        assert [mail["To"] for mail in office.mails] == [HANAKO]


def _serve_again(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([MACHI, "central", "serve", folder], stderr=subprocess.DEVNULL)


def _waiting(centre: Centre) -> tuple[Parcel, ...]:
    with store.reading(centre.engine) as connection:
        return books.state(connection).outbox.waiting


@pytest.mark.fault("the mail server for alarms is away, or hangs")
def test_a_mail_server_that_hangs_holds_up_no_delivery_and_no_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tarpit, serving(tmp_path) as served:
        queue(served.centre, by_mail(tarpit.getsockname()[1], user=""))
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0
        again = _serve_again(tmp_path)
        try:
            tarpit.settimeout(30)
            held, _ = tarpit.accept()  # the centre speaks to it, and hears nothing
            with held, served.caller() as caller:
                began = time.monotonic()
                caller.deliver(packed(caller.pen.begin(touch())))
                assert time.monotonic() - began < 5
                again.send_signal(signal.SIGTERM)
                assert again.wait(8) == 0
        finally:
            again.kill()
        assert len(_waiting(served.centre)) == 1, "it waits for the next start"
