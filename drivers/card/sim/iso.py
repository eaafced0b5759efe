"""A smart card as a program: applications, files, secrets and keys behind the commands of ISO/IEC 7816-4.

It behaves like the chip of a My Number Card as far as its public readers know it: status words, counters that go down,
filler, what a reset forgets and what it does not. It serves any set of applications; which ones make up a My Number
Card is in `mynumber.py`.
"""

import os
from collections.abc import Callable, Sequence

from drivers.card.apdu import SHORT_LE_MAX, Command, Ins, Response, Status
from drivers.card.sim.envelope import PROPRIETARY, Envelope
from drivers.card.sim.layout import (
    TERMINAL,
    Application,
    Computed,
    File,
    Quirk,
    Records,
    Secret,
    SignKey,
    StatusError,
    Transparent,
)
from drivers.card.sim.padding import to_pad

_READER = b"\xff"
_BY_SHORT_ID, _SHORT_ID_BITS = 0x80, 0x1F
_BY_NAME, _BY_FILE_ID, _MASTER_FILE = 0x04, 0x02, 0x00
_NO_ANSWER = 0x0C
_RECORD_BITS, _RECORD_BY_NUMBER = 0x07, 0x04
_NAME_BYTES = range(5, 17)
_SCHEMES = range(6)
_SET_PUBLIC_KEY, _SET_SESSION_KEY = 0xA2, 0xAE
_SESSION_NOT_CONFIGURED = 0x66F1
_LENGTH_AT, _SHORTEST_EXTENDED = 4, 5  # a fifth byte of zero, and more behind it: extended length


class IsoCard:
    """One card.

    `visited` remembers what was touched (application, file, instruction), and `unknown` counts commands that the card
    does not know, so that a test can ask what was never done.
    """

    def __init__(
        self,
        atr: bytes,
        applications: Sequence[Application],
        *,
        manager: Application | None = None,
        quirks: frozenset[Quirk] = frozenset(),
        dice: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.atr = atr
        self.applications = {application.name: application for application in applications}
        self.quirks = quirks
        self.visited: list[tuple[str, int, int]] = []
        self.unknown = 0
        self.number = b""  # what the reader says when it is asked for the card's number
        self._manager = manager  # current after power-up
        self._dice = dice
        self._powered = False
        self._forget()

    def _forget(self) -> None:
        self._application = self._manager
        self._current: int | None = None
        self._shown: set[int] = set()
        self._envelope = Envelope(self.quirks)
        self._is_first = True
        self._is_extended = False
        self._challenge = self._next_challenge = b""
        self._computed = b""

    def power_on(self) -> bytes:
        self._powered = True
        self._forget()
        for application in self.applications.values():
            application.powered()
        return self.atr

    def reset(self) -> bytes:
        """A warm reset; measured on real cards, it does not forget which secrets were shown."""
        return self.atr if self._powered else self.power_on()

    def power_off(self) -> None:
        self._powered = False
        self._forget()

    def transmit(self, raw: bytes) -> bytes:
        if not self._powered:
            return b""
        if raw[:1] == _READER:  # the reader's own business; the chip does not hear of it
            return Response(self.number, Status.OK if self.number else Status.FUNCTION_NOT_SUPPORTED).encode()
        stumbles = self._is_first and Quirk.STUMBLES in self.quirks
        self._is_first = False
        if stumbles:
            return Response(b"", Status.INTERNAL).encode()
        self._is_extended = len(raw) > _SHORTEST_EXTENDED and raw[_LENGTH_AT] == 0
        try:
            return self._answer(Command.parse(raw)).encode()
        except ValueError:
            return Response(b"", Status.WRONG_LENGTH).encode()
        except StatusError as status:
            self.unknown += status.sw in {Status.CLASS_UNKNOWN, Status.INSTRUCTION_UNKNOWN}
            return Response(b"", status.sw).encode()

    def _answer(self, command: Command) -> Response:
        if self._is_extended and Quirk.NO_EXTENDED in self.quirks:
            raise StatusError(Status.WRONG_LENGTH)
        return self._envelope.answer(command, self._carry_out)

    def _carry_out(self, command: Command) -> bytes:
        handler = self._handler(command)
        self._challenge, self._next_challenge = self._next_challenge, b""  # good for one command
        return handler(command)

    def _handler(self, command: Command) -> Callable[[Command], bytes]:
        if self._application and not command.cla and (own := self._application.own.get(command.ins)):
            return own
        handlers: dict[tuple[int, int], Callable[[Command], bytes]] = {
            (0, Ins.SELECT): self._select,
            (0, Ins.READ_BINARY): self._read_binary,
            (0, Ins.READ_RECORD): self._read_record,
            (0, Ins.VERIFY): self._verify,
            (0, Ins.GET_CHALLENGE): self._get_challenge,
            (0, Ins.INTERNAL_AUTHENTICATE): self._internal_authenticate,
            (0, Ins.GET_DATA): self._get_data,
            (0, Ins.MUTUAL_AUTHENTICATE): self._mutual_authenticate,
            (PROPRIETARY, _SET_PUBLIC_KEY): self._not_allowed,
            (PROPRIETARY, _SET_SESSION_KEY): self._no_session,
            (PROPRIETARY, Ins.PERFORM_SECURITY_OPERATION): self._sign,
        }
        handler = handlers.get((command.cla & PROPRIETARY, command.ins))
        if handler is None:
            raise StatusError(Status.INSTRUCTION_UNKNOWN)
        return handler

    def _select(self, command: Command) -> bytes:
        if command.p1 == _BY_NAME and command.p2 in {0, _NO_ANSWER}:
            self._select_application(command.data)
            return self._application.says if self._application and not command.p2 else b""
        if command.p1 == _BY_FILE_ID and command.p2 == _NO_ANSWER:
            if len(command.data) != 2:  # noqa: PLR2004 - a file identifier
                raise StatusError(Status.WRONG_LENGTH)
            self._use(int.from_bytes(command.data, "big"), command.ins)
        elif command.p1 == _MASTER_FILE and command.data:
            raise StatusError(Status.FILE_NOT_FOUND)
        elif command.p1 != _MASTER_FILE or self._application is self._manager:
            raise StatusError(Status.WRONG_P1P2)
        return b""

    def _select_application(self, name: bytes) -> None:
        """Select by name, or by how a name begins, which this chip allows."""
        if len(name) not in _NAME_BYTES:
            raise StatusError(Status.WRONG_LENGTH)
        known = (*self.applications.values(), *((self._manager,) if self._manager else ()))
        found = next((application for application in known if application.aid.startswith(name)), None)
        if found is None:
            raise StatusError(Status.FILE_NOT_FOUND)
        self._application, self._current = found, None
        self._shown.clear()
        self.visited.append((found.name, 0, Ins.SELECT))

    def _use(self, file: int, ins: int) -> File:
        """Make a file of the current application current."""
        files = self._application.files if self._application else {}
        if file not in files or self._application is None:
            raise StatusError(Status.FILE_NOT_FOUND)
        self._current = file
        self.visited.append((self._application.name, file, ins))
        return files[file]

    def _named(self, command: Command) -> File:
        """Return the file whose short identifier stands in P2, or the current one if there is none."""
        short_id = command.p2 & _SHORT_ID_BITS
        if not short_id:
            return self._file(command.ins)
        if Quirk.NO_SHORT_IDS in self.quirks:
            raise StatusError(Status.WRONG_P1P2)
        return self._use(short_id, command.ins)

    def _file(self, ins: int) -> File:
        """Return the current file."""
        if self._application is None or self._current is None:
            raise StatusError(Status.NO_FILE_SELECTED)
        self.visited.append((self._application.name, self._current, ins))
        return self._application.files[self._current]

    def _read_binary(self, command: Command) -> bytes:
        if command.data or not command.le:
            raise StatusError(Status.WRONG_LENGTH)
        if command.p1 & _BY_SHORT_ID:
            if command.p1 & ~(_BY_SHORT_ID | _SHORT_ID_BITS) or Quirk.NO_SHORT_IDS in self.quirks:
                raise StatusError(Status.WRONG_P1P2)
            file, offset = self._use(command.p1 & _SHORT_ID_BITS, command.ins), command.p2
        else:
            file, offset = self._file(command.ins), command.p1 << 8 | command.p2
        rest = self._content(file, offset)[offset:]
        if not rest:
            raise StatusError(Status.WRONG_OFFSET)
        if Quirk.EXACT in self.quirks and len(rest) < command.le:
            raise StatusError(0x6C00 | len(rest) & 0xFF)
        return rest[: command.le]

    def _content(self, file: File, offset: int) -> bytes:
        if isinstance(file, Computed):
            if offset == 0:
                self._computed = file.make()
            return self._computed
        if not isinstance(file, Transparent):
            raise StatusError(Status.WRONG_FILE_TYPE)
        if file.access is None or (file.access and self._shown.isdisjoint(file.access)):
            raise StatusError(Status.NOT_ALLOWED)
        return file.content

    def _read_record(self, command: Command) -> bytes:
        if command.p2 & _RECORD_BITS != _RECORD_BY_NUMBER:
            raise StatusError(Status.FUNCTION_NOT_SUPPORTED)
        short_id = command.p2 >> 3
        file = self._use(short_id, command.ins) if short_id else self._file(command.ins)
        if not isinstance(file, Records):
            raise StatusError(Status.WRONG_FILE_TYPE)
        if not 1 <= command.p1 <= len(file.records):
            raise StatusError(Status.RECORD_NOT_FOUND)
        return file.records[command.p1 - 1]

    def _verify(self, command: Command) -> bytes:
        if command.p1 or not command.p2 & _BY_SHORT_ID or command.p2 & ~(_BY_SHORT_ID | _SHORT_ID_BITS):
            raise StatusError(Status.WRONG_P1P2)
        secret = self._named(command)
        if not isinstance(secret, Secret) or self._current is None:
            raise StatusError(Status.WRONG_FILE_TYPE)
        if not command.data:
            if Quirk.TELLS_VERIFIED in self.quirks and self._current in self._shown:
                return b""
            raise secret.left()
        self._shown.discard(self._current)
        secret.compare(command.data)
        self._shown.add(self._current)
        return b""

    def _sign(self, command: Command) -> bytes:
        """Sign by a key file, or (P2 = 00) by the application's own key, which asks for no secret."""
        if command.p1 not in _SCHEMES:
            raise StatusError(Status.WRONG_P1P2)
        if not command.data:
            raise StatusError(Status.WRONG_LENGTH)
        padded = to_pad(command.p1, command.data)
        if command.p2 == 0:
            own_key = self._application.own_key if self._application else None
            if own_key is None:
                raise StatusError(Status.CONDITIONS_NOT_MET)
            return own_key(padded)
        key = self._named(command)
        if not isinstance(key, SignKey):
            raise StatusError(Status.CONDITIONS_NOT_MET)
        if key.secret not in self._shown:
            raise StatusError(Status.NOT_ALLOWED)
        return key.sign(padded)

    def _get_challenge(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise StatusError(Status.WRONG_P1P2)
        if not command.le or self._is_extended:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        self._next_challenge = self._dice(command.le)
        return self._next_challenge

    def _internal_authenticate(self, command: Command) -> bytes:
        answer = self._application.answers.get(command.p2) if self._application else None
        if answer is None or command.p1 or not command.data:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        return answer(command.data)

    def _mutual_authenticate(self, command: Command) -> bytes:
        answer = self._application.mutual.get(command.p2) if self._application else None
        if answer is None or command.p1:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        self._shown.discard(TERMINAL)
        signature = answer(self._challenge, command.data)
        self._shown.add(TERMINAL)
        return signature

    def _not_allowed(self, _command: Command) -> bytes:
        """SET PUBLIC IC KEY, of terminals that the state has certified: not here."""
        raise StatusError(Status.NOT_ALLOWED)

    def _no_session(self, _command: Command) -> bytes:
        """SET SESSION KEY: two applications do not know it, the others want a secret first."""
        unknown_to = self._application is not None and self._application.name in {"common", "face"}
        raise StatusError(_SESSION_NOT_CONFIGURED if unknown_to else Status.NOT_ALLOWED)

    def _get_data(self, command: Command) -> bytes:
        objects = self._application.objects if self._application else {}
        tag = command.p1 << 8 | command.p2
        if tag not in objects:
            raise StatusError(Status.REFERENCE_NOT_FOUND)
        if len(objects[tag]) > SHORT_LE_MAX and not self._is_extended:
            raise StatusError(Status.WRONG_LENGTH)
        return objects[tag]
