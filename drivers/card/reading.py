"""Selecting an application and reading a file of it: the two things that every card application begins with."""

from collections.abc import Callable

from drivers.card import commands, tlv
from drivers.card.apdu import SHORT_LE_MAX, Response, Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError
from drivers.card.files import Application

OBJECT_BYTES_MAX = 4096  # the largest that we read, a certificate, has about 1,600
SHORT_OFFSET_MAX = 255  # as far as READ BINARY by short identifier can point
_NO_SUCH_APPLICATION = {
    Status.FILE_NOT_FOUND,
    Status.FUNCTION_NOT_SUPPORTED,
    Status.WRONG_P1P2,
    Status.INSTRUCTION_UNKNOWN,
    Status.CLASS_UNKNOWN,
    Status.CONDITIONS_NOT_MET,  # what some payment cards say to a name they do not know
}
_SHORT_ID_NOT_KNOWN = {Status.WRONG_P1P2, Status.FILE_NOT_FOUND, Status.FUNCTION_NOT_SUPPORTED, Status.WRONG_OFFSET}
_READ = {Status.OK, Status.END_OF_FILE}


class ClosedFileError(NotReadableError):
    """The file is there, and opens to something that was not shown."""


class MissingFileError(NotReadableError):
    """The application has no such file."""


def select(channel: Channel, application: Application) -> bool:
    """Select an application by its full name. False: this card has none of that name.

    Selecting also forgets every PIN that the card was shown.

    Raises:
        NotReadableError: an answer that makes no sense.
    """
    sw = channel.exchange(commands.select_application(application.aid)).sw
    if sw == Status.OK:
        return True
    if sw in _NO_SUCH_APPLICATION:
        return False
    raise NotReadableError(f"selecting {application.name}: {sw:04X}")


def select_file(channel: Channel, file: int) -> bool:
    """Make a file of the current application current. False: it is not there."""
    sw = channel.exchange(commands.select_file(file)).sw
    if sw not in {Status.OK, Status.FILE_NOT_FOUND}:
        raise NotReadableError(f"selecting file {file:04X}: {sw:04X}")
    return sw == Status.OK


def read_start(channel: Channel, file: int, length: int) -> bytes:
    """Return up to `length` (1 to 256) first bytes of a file; it becomes current.

    The short file identifier saves a SELECT; a card that does not know it gets the SELECT.

    Raises:
        NotReadableError: it cannot be read.
    """
    return _read_at(channel, file, 0, length)


def read_object(
    channel: Channel,
    file: int,
    *,
    length: Callable[[bytes], int] = tlv.total_length,
    bytes_max: int = OBJECT_BYTES_MAX,
    first: int = SHORT_LE_MAX,
    known: Callable[[bytes], bytes | None] | None = None,
) -> bytes:
    """Return the one object of a file, BER-TLV or DER if nothing else is said, without the filler behind it.

    Args:
        channel: with the application selected.
        file: its identifier.
        length: says how long an object is from its first bytes, or raises ValueError.
        bytes_max: the largest object that is read.
        first: how many bytes are read at first.
        known: finds an object that was read before by its first bytes, so that the rest need not be read. It is asked
            once, before the rest is read, and may read another file if `first` is `SHORT_OFFSET_MAX` or less.

    Raises:
        NotReadableError: it cannot be read, or is none.
    """
    data = read_start(channel, file, first)
    try:
        total = length(data)
    except ValueError as error:
        raise NotReadableError(f"file {file:04X}: {error}") from error
    if total > bytes_max:
        raise NotReadableError(f"file {file:04X}: an object of {total} bytes")
    if known and (remembered := known(data)):
        return remembered
    is_current = known is None or first > SHORT_OFFSET_MAX
    while len(data) < total:
        at = len(data)
        step = min(SHORT_LE_MAX, total - at)
        more = _read_on(channel, file, at, step) if is_current else _read_at(channel, file, at, step)
        is_current = True
        if not more:
            raise NotReadableError(f"file {file:04X} ends early")
        data += more
    return data[:total]


def _read_at(channel: Channel, file: int, offset: int, length: int) -> bytes:
    """Read a file that need not be current, and make it so."""
    if offset <= SHORT_OFFSET_MAX:
        response = channel.exchange(commands.read_file(file, length, offset))
        if response.sw not in _SHORT_ID_NOT_KNOWN:
            return _data(response, file)
    if not select_file(channel, file):
        raise MissingFileError(f"there is no file {file:04X}")
    return _read_on(channel, file, offset, length)


def _read_on(channel: Channel, file: int, offset: int, length: int) -> bytes:
    return _data(channel.exchange(commands.read_on(offset, length)), file)


def _data(response: Response, file: int) -> bytes:
    if response.sw == Status.NOT_ALLOWED:
        raise ClosedFileError(f"reading file {file:04X}: 6982")
    if response.sw not in _READ:
        raise NotReadableError(f"reading file {file:04X}: {response.sw:04X}")
    return response.data
