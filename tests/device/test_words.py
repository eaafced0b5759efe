"""What a laptop makes of words: addresses, lists, what ssh says, how steps are told; and of journals with holes."""

import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from device import journal
from device.errors import DeviceError, Exit, LostError
from device.fleet import Asked, exit_code, read_fleet, read_target
from device.keys import Keys
from device.provision import read_ticket
from device.ssh import Answer, Road, Session, Target, refusal
from device.steps import Outcome, State, Step, lines, take
from device.trouble import explain
from drivers.keystore.sim import Driver as Keystore
from sync import chain
from sync.entries import Entry, encode
from sync.facts import Boot, Gap, Key, Place
from sync.installed import register
from sync.messages import text
from sync.segment import Segment, to_text
from sync.technician import ssh_print

KEY = Keystore(Keystore.Options("lib01"))
FIRST, SECOND = "1" * 16, "2" * 16


def segment(boot: str, first: int, prev: bytes, *facts: Boot | Gap, key: Keystore = KEY) -> Segment:
    bodies = tuple(encode(Entry("lib01", boot, seq, 1, fact)) for seq, fact in enumerate(facts, first))
    return Segment("lib01", boot, first, prev, bodies, chain.seal(key, chain.links(prev, bodies)[-1]))


def booted(after: Place | None) -> Boot:
    return Boot(after, Key(chain.ALG, text(KEY.public)), None, clean=True, clock="held", software="test")


def gap(of: str, first: int, last: int) -> Gap:
    return Gap(of, first, last, None, "test")


ONE = segment(FIRST, 1, chain.ORIGIN, booted(None), gap("f" * 16, 1, 1))
TWO = segment(FIRST, 3, ONE.hashes()[-1], gap("f" * 16, 2, 2))
THREE = segment(SECOND, 1, TWO.hashes()[-1], booted(Place(FIRST, 3, TWO.hashes()[-1].hex())))


def checked(*segments: Segment) -> journal.Checked:
    return journal.check(b"".join(map(to_text, segments)), "lib01", text(KEY.public), register())


def test_a_whole_journal_is_whole() -> None:
    assert checked(ONE, TWO, THREE) == journal.Checked(3, 4, 2, f"{SECOND}/1", "")


def test_what_is_missing_in_a_journal_is_missed_unless_it_is_declared_as_lost() -> None:
    assert checked(ONE, THREE).broken == f"{SECOND}/1: what is before it is missing"
    assert checked(TWO, THREE).broken == f"{FIRST}/3: what is before it is missing"
    assert checked(THREE, segment(SECOND, 2, THREE.hashes()[-1], gap(FIRST, 1, 3))).broken == ""
    assert checked(THREE, segment(SECOND, 2, THREE.hashes()[-1], gap(FIRST, 1, 2))).broken


def test_a_journal_that_was_changed_is_found_out() -> None:
    forged = segment(FIRST, 3, ONE.hashes()[-1], gap("f" * 16, 2, 2), key=Keystore(Keystore.Options("thief")))
    assert checked(ONE, forged).broken == f"{FIRST}/3: not signed with this unit's key"
    assert checked(ONE, segment(FIRST, 3, bytes(32), gap("f" * 16, 2, 2))).broken
    other = msgspec.structs.replace(ONE, unit="bus01")
    assert checked(other).broken == f"{FIRST}/1: from the journal of bus01"
    assert journal.check(b"nothing", "lib01", text(KEY.public), register()).broken
    assert checked(segment(FIRST, 1, bytes([1]) * 32, booted(None))).broken


@pytest.mark.parametrize(
    ("word", "target"),
    [
        ("lib01@192.0.2.7", Target("lib01", "192.0.2.7")),
        ("lib01@lib01.local:2222", Target("lib01", "lib01.local", 2222)),
        ("lib01@[2001:db8::7]:2222", Target("lib01", "2001:db8::7", 2222)),
    ],
)
def test_a_unit_is_named_with_its_address(word: str, target: Target) -> None:
    assert read_target(word) == target


@pytest.mark.parametrize(
    "word", ["lib01", "@192.0.2.7", "LIB@192.0.2.7", "lib01@-oProxyCommand=reboot", "lib01@", "a@b c"]
)
def test_what_is_no_address_is_refused(word: str) -> None:
    with pytest.raises(DeviceError) as error:
        read_target(word)
    assert error.value.code == Exit.USAGE


def test_a_fleet_is_a_list_of_tables() -> None:
    raw = b'[[unit]]\nname = "lib01"\nhost = "192.0.2.7"\n[[unit]]\nname = "bus01"\nhost = "2001:db8::7"\nport = 2222\n'
    assert read_fleet(raw, "f") == [Target("lib01", "192.0.2.7"), Target("bus01", "2001:db8::7", 2222)]
    for wrong in (raw + raw, b"[[unit]]\nname = 3", b"= =", b'[[unit]]\nname = "lib01"\nhost = "-oX"', b"\xff"):
        with pytest.raises(DeviceError):
            read_fleet(wrong, "f")


def test_one_unit_ends_a_command_with_its_own_code_and_several_with_one_for_all() -> None:
    fine, away = Asked(Target("a", "b"), {}, None), Asked(Target("c", "d"), None, LostError(Exit.NOT_FOUND, "", ""))
    assert exit_code([away], [False]) == Exit.NOT_FOUND
    assert exit_code([fine], [False]) == 0
    assert exit_code([fine], [True]) == Exit.CHECK
    assert exit_code([fine, away], [False, False]) == Exit.CHECK
    assert exit_code([fine, fine], [False, False]) == 0


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (
            "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.",
            Exit.REFUSED,
            "another",
        ),
        ("No ED25519 host key is known for lib01\nHost key verification failed.", Exit.REFUSED, "nothing vouches"),
        ("Host key ED25519 revoked by file x\nHost key verification failed.", Exit.REFUSED, "revoked"),
        ("machi-support@h: Permission denied (publickey).", Exit.PERMISSION, "does not take"),
        ("ssh: connect to host h port 22: Connection timed out", Exit.NOT_FOUND, "it does not answer"),
        ("ssh: Could not resolve hostname h: Name or service not known", Exit.NOT_FOUND, "is not known here"),
        ("client_loop: send disconnect: Broken pipe", Exit.NOT_FOUND, "was lost: client_loop"),
        ("", Exit.NOT_FOUND, "was lost"),
    ],
)
def test_what_ssh_says_is_put_into_words(said: str, code: Exit, words: str) -> None:
    error = explain(said, "lib01", "h")
    assert (error.code, words in error.en) == (code, True), error.en
    assert error.ja
    assert error.do_ja
    assert error.do_en


@pytest.mark.parametrize("asks", [lambda held: held.ask(["about"]), lambda held: held.forward("localhost", 443)])
def test_a_unit_that_was_let_go_a_moment_ago_is_not_taken_for_one_whose_ssh_has_stopped(
    asks: Callable[[Session], object], tmp_path: Path
) -> None:
    """A connection that breaks leaves its socket behind on the laptop for a moment, and nobody answers there."""
    control = tmp_path / "way"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(control))
    with pytest.raises(LostError) as lost:
        asks(Session(Road(Keys(tmp_path / "keys"), Target("lib01", "127.0.0.1")), control))
    assert lost.value.en == "the connection to lib01 was lost"
    assert "say the same once more" in lost.value.do_en


def test_a_refusal_of_the_unit_keeps_its_words_and_its_code() -> None:
    error = refusal("lib01", Answer(7, b"", "warning\nError: the centre does not answer\n"))
    assert (error.code, str(error)) == (Exit.TOWN, "lib01: the centre does not answer")
    assert refusal("lib01", Answer(1, b"", "")).code == Exit.HARDWARE


def test_a_ticket_that_is_none_is_refused() -> None:
    with pytest.raises(DeviceError, match="not a ticket"):
        read_ticket(b"{}")


def test_a_key_of_openssh_has_the_fingerprint_that_ssh_keygen_shows() -> None:
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDRaylgl6fX3mRMfHiH8NinpJXqC3Y2cFh4zkgNGybt+ somebody"
    assert ssh_print(public) == "SHA256:BOiSadxuSE6hbOTU0Nc96eC50QU93BW9OSRaqzzaicg"
    for wrong in ("", "ssh-ed25519", "ssh-ed25519 !"):
        with pytest.raises(ValueError, match="no public key"):
            ssh_print(wrong)


# ---------------------------------------------------------------------------------------------- steps


def step(name: str, so: Outcome | None = None, does: Outcome | DeviceError | None = None) -> Step[list[str]]:
    def do(work: list[str]) -> Outcome:
        work.append(name)
        if isinstance(does, DeviceError):
            raise does
        return does or Outcome(State.OK)

    return Step(name, name, name, lambda _work: so, do)


def test_what_is_so_already_is_left_and_what_stops_is_the_last() -> None:
    done: list[str] = []
    said: list[str] = []
    steps = [
        step("a", Outcome(State.SO)),
        step("b"),
        step("c", does=Outcome(State.FAIL, "だめ", "broken", "直して", "mend it")),
        step("d", does=DeviceError(Exit.TOWN, "町なし", "no town", "つないで", "connect")),
        step("e"),
    ]
    taken = take(steps, done, said.append)
    assert done == ["b", "c", "d"]
    assert [one.outcome.state for one in taken] == [State.SO, State.OK, State.FAIL, State.STOP]
    assert taken[-1].code == Exit.TOWN
    assert said[-4:] == [
        "[4/5] d d ................................... STOP 町なし",
        "      no town",
        "      > つないで",
        "      > connect",
    ]


def test_a_dry_run_does_nothing() -> None:
    done: list[str] = []
    taken = take([step("a", Outcome(State.SO)), step("b")], done, lambda _line: None, dry=True)
    assert (done, [one.outcome.state for one in taken]) == ([], [State.SO, State.PLAN])


def test_titles_in_japanese_take_two_columns_a_sign() -> None:
    ja, en = (lines(title, Outcome(State.OK))[0] for title in ("時計 clock", "abcd clock"))
    assert ja.index("OK") + 2 == en.index("OK")
