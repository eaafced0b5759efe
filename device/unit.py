"""A unit as a laptop sees it: its answers as values. Whatever it says instead of an answer is raised."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from device.errors import DeviceError, Exit
from device.ssh import Answer, Road, Session, refusal
from sync.entries import BAD_JSON
from sync.technician import About, KeptTwin, Role, SetUp, Standing, Updated

Read = TypeVar("Read")

_INSTALL_S: Final = 3_600.0
_CHECK_FAILED: Final = 2  # the answer is there all the same: it says what is wrong


class _Brought(msgspec.Struct, frozen=True):
    """What `machi unit import` says."""

    new: int


class Unit:
    """Asks, in connections of its own; looking needs no more."""

    def __init__(self, name: str, ask: Callable[[Sequence[str], bytes], Answer]) -> None:
        self.name = name
        self._ask = ask

    def about(self) -> About:
        return self._read(["about"], About)

    def status(self) -> dict[str, Any]:
        return self._read(["status"], dict[str, Any])

    def updated(self) -> Updated:
        return self._read(["updated"], Updated)

    def doctor(self) -> dict[str, Any]:
        return self._read(["doctor"], dict[str, Any])

    def logs(self, since: str, lines: int) -> str:
        return self._said(["logs", shlex.quote(since), str(lines)]).decode(errors="replace")

    def journal(self) -> bytes:
        """Return the whole journal, as segments."""
        return self._said(["journal"])

    def kept(self) -> list[KeptTwin]:
        """Return which twins it keeps for its neighbours."""
        return self._read(["kept"], list[KeptTwin])

    def twin(self, file: str) -> bytes:
        """Return one of them, sealed as it is."""
        return self._said(["kept", shlex.quote(file)])

    def standing(self, release: bytes = b"") -> Standing:
        """Return what the town does not hold of it: by the office's leave, or by what the unit last heard."""
        return self._read(["standing"], Standing, release)

    def _said(self, words: Sequence[str], given: bytes = b"") -> bytes:
        answer = self._ask(words, given)
        if answer.code:
            raise refusal(self.name, answer)
        return answer.out

    def _read(self, words: Sequence[str], kind: type[Read], given: bytes = b"") -> Read:
        answer = self._ask(words, given)
        if answer.code not in (0, _CHECK_FAILED):
            raise refusal(self.name, answer)
        return self._decoded(answer.out, kind)

    def _decoded(self, raw: bytes, kind: type[Read]) -> Read:
        try:
            return msgspec.json.decode(raw, type=kind)
        except BAD_JSON as error:
            raise DeviceError(
                Exit.REFUSED,
                ja=f"{self.name} の返事が読めません。ソフトの版がちがうのかもしれません",
                en=f"{self.name} answers in a way that cannot be read ({error}); is its software of another version?",
            ) from error


class HeldUnit(Unit):
    """Asks in the connection that holds the unit, and may change it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.target.unit, session.ask)
        self._session = session

    def set_clock(self, now_ms: int) -> About:
        return self._change(["clock", str(now_ms)])

    def init(self, asked: SetUp) -> About:
        return self._change(["init"], msgspec.json.encode(asked))

    def enrol(self, ticket: bytes, through: int | None = None) -> About:
        """Let the unit into its town.

        Raises:
            DeviceError: Exit.TOWN if it does not reach the centre.
        """
        return self._change(["enrol", *([str(through)] if through else [])], ticket)

    def request(self, ticket: bytes) -> bytes:
        """Return what the unit asks the office for, as a file to be brought there."""
        said = self._said(["request"], ticket)
        return said.splitlines(keepends=True)[0]

    def accept(self, answer: bytes) -> About:
        """Let the unit in with the office's answer."""
        return self._change(["accept"], answer)

    def forward(self, host: str, port: int) -> int:
        """Let a port of the unit's loopback lead to an address as this laptop sees it; return the port."""
        return self._session.forward(host, port)

    def trust(self, told: bytes) -> About:
        return self._change(["trust"], told)

    def start(self) -> About:
        return self._change(["start"])

    def stop(self) -> About:
        return self._change(["stop"])

    def wipe(self, release: bytes) -> bytes:
        """Wipe it, with the office's leave; return its last word, the same each time."""
        return self._said(["wipe", self.name], release).splitlines()[0]

    def leave(self) -> None:
        """Have its SSH server forget who it was; whoever comes next is not known here."""
        self._said(["leave"])

    def bring(self, news: bytes) -> int:
        """Hand the unit what the centre says to it; return how many entries were new."""
        said = self._said(["news"], news)
        return self._decoded(said.splitlines()[0], _Brought).new

    def send(self, digest: str, offset: int, chunk: bytes) -> None:
        """Send the next part of a bundle."""
        self._change(["bundle", digest, str(offset)], chunk)

    def install(self, digest: str, *, may_be_older: bool) -> None:
        """Have the unit install a bundle that it has whole; takes minutes.

        Raises:
            DeviceError: the unit refuses it, in its own words.
        """
        words = ["install", digest, "older" if may_be_older else "newer"]
        answer = self._session.ask(words, timeout_s=_INSTALL_S)
        if answer.code:
            raise _refused(answer) or refusal(self.name, answer)

    def restart(self) -> None:
        self._change(["restart"])

    def _change(self, words: Sequence[str], given: bytes = b"") -> About:
        """Change something, and return how far the unit is then: the last line of the answer."""
        answer = self._ask(words, given)
        if answer.code:
            raise refusal(self.name, answer)
        return self._decoded(answer.out.splitlines()[-1], About)


class _Why(msgspec.Struct, frozen=True):
    """One reason of a unit why it does not install a bundle."""

    ja: str
    en: str
    do_ja: str = ""
    do_en: str = ""


class _Refused(msgspec.Struct, frozen=True):
    """What `machi unit update` says if it does not."""

    refused: list[_Why]


def _refused(answer: Answer) -> DeviceError | None:
    try:
        why = msgspec.json.decode(answer.out.splitlines()[0], type=_Refused).refused
    except (IndexError, *BAD_JSON):
        return None
    words = (
        "; ".join(part for part in parts if part) for parts in zip(*map(msgspec.structs.astuple, why), strict=True)
    )
    return DeviceError(Exit.REFUSED, *words)


@dataclass
class OnUnit:
    """What is done to a unit, step by step. `unit`: held, if anything may be changed."""

    unit: Unit

    @property
    def held(self) -> HeldUnit:
        if not isinstance(self.unit, HeldUnit):
            raise TypeError("nothing may be changed here: the unit is only looked at")
        return self.unit


def looked_at(road: Road) -> Unit:
    """Return a unit that is only looked at."""
    return Unit(road.target.unit, partial(road.ask, Role.SUPPORT))
