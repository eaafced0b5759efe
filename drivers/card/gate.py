"""The gate in front of the card: it knows what is selected, and lets through only what the allow-list names.

It judges whole commands before they are encoded, and fails closed: whenever an answer leaves any doubt about which
file is current, nothing is current until it has been selected again by its full name.
"""

from collections.abc import Callable

from drivers.card import files
from drivers.card.apdu import Command, Ins, Status
from drivers.card.commands import (
    BY_FILE_ID,
    BY_NAME,
    BY_SHORT_ID,
    CHALLENGE_BYTES,
    CURRENT,
    NO_ANSWER,
    OWN_KEY,
    PRESENCE_ASKED,
    PRESENCE_NOT_ASKED,
    PROPRIETARY,
    RECORD_BITS,
    RECORD_BY_NUMBER,
    SHORT_ID_BITS,
    get_uid,
)
from drivers.card.files import Application, Use

_FILE_ID_BYTES = 2
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2, note 1
_DIGEST_BYTES = 32
_CHALLENGE_BYTES_MIN = 16  # shorter ones could be collected in advance
_LISTED = {
    aid: tuple(listed for listed in (*files.STANDARD, *files.DESK) if listed.aid == aid) for aid in files.RESERVED_AIDS
}


class NotAllowedError(Exception):
    """A bug in our own code: it asked for something that is not on the allow-list. Nothing was sent."""


class Gate:
    """Tracks one presence of one card."""

    def __init__(self, applications: tuple[Application, ...]) -> None:
        for application in applications:
            if application not in _LISTED.get(application.aid, ()):
                self._only_free_area(application)
        self._applications = {application.aid: application for application in applications}
        self._application: Application | None = None
        self._file: int | None = None

    @staticmethod
    def _only_free_area(application: Application) -> None:
        """Refuse a hand-made application that `files.free_area` would not have made."""
        if len(application.files) != 1 or application.answers_with is None:
            raise files.ReservedNameError(f"{application.name} is on no allow-list")
        (file,) = application.files
        if application != files.free_area(application.aid, file, application.answers_with, application.asks_terminal):
            raise files.ReservedNameError(f"{application.name} is on no allow-list")

    def forget(self) -> None:
        """Nothing is known to be selected: after power-up, and after any lost answer."""
        self._application = self._file = None

    def check(self, command: Command) -> None:
        """Pass or refuse.

        Raises:
            NotAllowedError: the command is not on the allow-list.
        """
        rules: dict[int, Callable[[Command], bool]] = {
            Ins.SELECT: self._may_select,
            Ins.READ_BINARY: self._may_read,
            Ins.READ_RECORD: self._may_read_record,
            Ins.VERIFY: self._may_verify,
            Ins.PERFORM_SECURITY_OPERATION: self._may_sign,
            Ins.INTERNAL_AUTHENTICATE: self._may_authenticate,
            Ins.GET_CHALLENGE: self._may_ask_challenge,
            Ins.MUTUAL_AUTHENTICATE: self._may_prove_terminal,
            Ins.GET_DATA: self._may_get_data,
            Ins.U2F_REGISTER: self._may_register,
            Ins.U2F_AUTHENTICATE: self._may_count,
        }
        rule = rules.get(command.ins)
        if rule is None or not rule(command):
            header = bytes((command.cla & 0xFF, command.ins & 0xFF, command.p1 & 0xFF, command.p2 & 0xFF))
            raise NotAllowedError(f"{header.hex(' ').upper()} is not on the allow-list here")

    def after(self, command: Command, sw: int) -> None:
        """Follow what the card has done with a command that `check` let through."""
        done = sw in {Status.OK, Status.END_OF_FILE}
        if command.ins == Ins.SELECT and command.p1 == BY_NAME:
            self._application = self._applications[command.data] if done else None
            self._file = None
        elif command.ins == Ins.SELECT:
            self._file = int.from_bytes(command.data, "big") if done else None
        elif (by_short_id := _short_id(command)) is not None:
            self._file = by_short_id if done else None
        elif command.ins in {Ins.VERIFY, Ins.PERFORM_SECURITY_OPERATION} and command.p2 & SHORT_ID_BITS:
            self._file = None  # whether this makes it current, cards may see differently

    def _use_of(self, reference: int) -> Use | None:
        """Return what the file is for that P2 of VERIFY or of a signature names, or None if that is on no list."""
        if reference & ~SHORT_ID_BITS != CURRENT or self._application is None:
            return None
        file = reference & SHORT_ID_BITS or self._file
        return None if file is None else self._application.files.get(file)

    def _is(self, file: int | None, use: Use) -> bool:
        return self._application is not None and file is not None and self._application.files.get(file) is use

    def _may_select(self, command: Command) -> bool:
        if (command.cla, command.p1, command.p2) == (0, BY_NAME, 0):
            named = self._applications.get(command.data)
            return named is not None and named.counts and command.le > 0
        if (command.cla, command.p2, command.le) != (0, NO_ANSWER, 0):
            return False
        if command.p1 == BY_NAME:
            return command.data in self._applications
        known = self._application is not None and int.from_bytes(command.data, "big") in self._application.files
        return command.p1 == BY_FILE_ID and len(command.data) == _FILE_ID_BYTES and known

    def _may_read(self, command: Command) -> bool:
        if command.cla or command.data or not command.le:
            return False
        if not command.p1 & BY_SHORT_ID:
            return self._is(self._file, Use.READ)
        reserved_bits = command.p1 & ~(BY_SHORT_ID | SHORT_ID_BITS)
        return not reserved_bits and self._is(_short_id(command), Use.READ)

    def _may_read_record(self, command: Command) -> bool:
        if command.cla or command.data or not command.le or command.p1 != 1:
            return False
        by_number = command.p2 & RECORD_BITS == RECORD_BY_NUMBER
        short_id = _short_id(command)
        return by_number and self._is(self._file if short_id is None else short_id, Use.RECORD)

    def _may_verify(self, command: Command) -> bool:
        if (command.cla, command.p1, command.le) != (0, 0, 0):
            return False
        use = self._use_of(command.p2)
        return use is not None and use.is_secret and (not command.data or use.takes(command.data))  # or a question

    def _may_sign(self, command: Command) -> bool:
        is_digest = (
            command.data.startswith(_DIGEST_INFO_SHA256)
            and len(command.data) == len(_DIGEST_INFO_SHA256) + _DIGEST_BYTES
        )
        if (command.cla, command.p1) != (PROPRIETARY, 0) or not command.le or not is_digest:
            return False
        if command.p2 == OWN_KEY:
            return self._application is not None and self._application.signs_by_itself
        return self._use_of(command.p2) is Use.SIGN

    def _may_authenticate(self, command: Command) -> bool:
        if self._application is None or (command.cla, command.p1) != (0, 0) or not command.le:
            return False
        return command.p2 == self._application.answers_with and len(command.data) >= _CHALLENGE_BYTES_MIN

    def _may_ask_challenge(self, command: Command) -> bool:
        asks = self._application is not None and self._application.asks_terminal is not None
        return asks and command == Command(0, Ins.GET_CHALLENGE, 0, 0, le=CHALLENGE_BYTES)

    def _may_prove_terminal(self, command: Command) -> bool:
        if self._application is None or self._application.asks_terminal is None or not command.le:
            return False
        header = (command.cla, command.p1, command.p2)
        return header == (0, 0, self._application.asks_terminal) and len(command.data) > CHALLENGE_BYTES

    def _may_register(self, command: Command) -> bool:
        if self._application is None or not self._application.registers or not command.le:
            return False
        header, parameter = (command.cla, command.p1, command.p2), command.data[_DIGEST_BYTES:]
        return header == (0, 0, 0) and parameter == files.U2F_PARAMETER

    def _may_count(self, command: Command) -> bool:
        if self._application is None or not self._application.counts or not command.le:
            return False
        asked = command.cla == command.p2 == 0 and command.p1 in {PRESENCE_ASKED, PRESENCE_NOT_ASKED}
        parameter, rest = command.data[_DIGEST_BYTES : 2 * _DIGEST_BYTES], command.data[2 * _DIGEST_BYTES :]
        return asked and parameter == files.U2F_PARAMETER and len(rest) > 1 and rest[0] == len(rest) - 1

    def _may_get_data(self, command: Command) -> bool:
        if command == get_uid():  # answered by the reader; the card does not hear of it
            return True
        if self._application is None or command.cla or command.data or not command.le:
            return False
        return command.p1 << 8 | command.p2 in self._application.objects


def _short_id(command: Command) -> int | None:
    """Return the short file identifier that a reading command names, or None if it means the current file."""
    if command.ins == Ins.READ_BINARY and command.p1 & BY_SHORT_ID:
        return command.p1 & SHORT_ID_BITS
    if command.ins == Ins.READ_RECORD and command.p2 >> 3:
        return command.p2 >> 3
    return None
