"""Selecting an application and reading a file of it: the two things that every card application begins with."""

from collections.abc import Callable

from drivers.card import commands, tlv
from drivers.card.apdu import SHORT_LE_MAX, Response, Status
from drivers.card.channel import Channel
from drivers.card.errors import NotReadableError
from drivers.card.files import Application

OBJECT_BYTES_MAX = 4096  # the largest that we read, a certificate, has about 1,600
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
    response = channel.exchange(commands.read_file(file, length))
    if response.sw in _SHORT_ID_NOT_KNOWN and select_file(channel, file):
        response = channel.exchange(commands.read_on(0, length))
    return _data(response, file)


def read_object(
    channel: Channel,
    file: int,
    *,
    bytes_max: int = OBJECT_BYTES_MAX,
    first: int = SHORT_LE_MAX,
    known: Callable[[bytes], bytes | None] | None = None,
) -> bytes:
    """Return the one BER-TLV or DER object of a file, without the filler behind it.

    Args:
        channel: with the application selected.
        file: its identifier.
        bytes_max: the largest object that is read.
        first: how many bytes are read at first.
        known: finds an object that was read before by its first bytes, so that the rest need not be read.

    Raises:
        NotReadableError: it cannot be read, or is none.
    """
    data = read_start(channel, file, first)
    try:
        total = tlv.total_length(data)
    except tlv.TlvError as error:
        raise NotReadableError(f"file {file:04X}: {error}") from error
    if total > bytes_max:
        raise NotReadableError(f"file {file:04X}: an object of {total} bytes")
    if known and len(data) < total and (remembered := known(data)):
        return remembered
    while len(data) < total:
        at = len(data)
        step = min(SHORT_LE_MAX, total - at)
        more = _data(channel.exchange(commands.read_on(at, step)), file)
        if not more:
            raise NotReadableError(f"file {file:04X} ends early")
        data += more
    return data[:total]


def _data(response: Response, file: int) -> bytes:
    if response.sw == Status.NOT_ALLOWED:
        raise ClosedFileError(f"reading file {file:04X}: 6982")
    if response.sw not in _READ:
        raise NotReadableError(f"reading file {file:04X}: {response.sw:04X}")
    return response.data
