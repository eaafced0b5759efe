"""A device of nfcpy with its antenna, and nfcpy's errors sorted by what they mean. The one file that imports nfcpy.

nfcpy opens the device and finds cards. The block protocol is our own (`_iso_dep.py`): nfcpy 1.0.4 takes a plea for
more time in the middle of an answer for a part of it, and reads past the end of a short answer to select.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Self

import nfc.clf  # type: ignore[import-untyped]
import nfc.clf.transport  # type: ignore[import-untyped]

from drivers.reader import ReaderError
from drivers.reader._air import Found, Kind
from drivers.reader._iso_dep import GarbledError, NoAnswerError

TECHNOLOGIES = {"A": "106A", "B": "106B", "F": "212F"}
_OFF_SECONDS = 0.01  # a card forgets everything within 5 ms without a field (ISO/IEC 14443-3, 5)
_USB_MS = 8_000  # the longest wait that a chip can be told to make is 6.5 s

# nfcpy waits without end for a device that hangs, already when it opens it.
nfc.clf.transport.USB.read.__defaults__ = (_USB_MS,)
nfc.clf.transport.USB.write.__defaults__ = (_USB_MS,)


class Radio:
    """An opened device. Not for more than one thread at a time: nfcpy's devices are not made for that."""

    @classmethod
    def open(cls, path: str, kinds: str) -> Self:
        """Open a device, as nfcpy names it, to look for these kinds of card.

        Raises:
            OSError: it is not there, not ours, or somebody else's.
        """
        return cls(nfc.clf.ContactlessFrontend(path), kinds)

    def __init__(self, frontend: Any, kinds: str) -> None:
        self._frontend = frontend
        self._targets = [nfc.clf.RemoteTarget(TECHNOLOGIES[kind]) for kind in kinds]
        self.frame_max = min(frontend.max_send_data_size, frontend.max_recv_data_size)
        self.name = f"{frontend.device.vendor_name or ''} {frontend.device.product_name or ''}".strip()
        self._transport = getattr(getattr(frontend.device, "chipset", None), "transport", None)

    def find(self) -> Found | None:
        _sorted(self._frontend.device.mute)
        time.sleep(_OFF_SECONDS)
        try:
            target = _sorted(lambda: self._frontend.sense(*self._targets))
        except (NoAnswerError, GarbledError):
            return None
        if target is None:
            return None
        if target.brty.endswith("A"):
            return Found(Kind.A, bytes(target.sdd_res or b""), bytes(target.sel_res or b"\0"))
        if target.brty.endswith("B"):
            return Found(Kind.B, bytes(target.sensb_res[1:5]), bytes(target.sensb_res))
        return Found(Kind.FELICA, bytes(target.sensf_res[1:9]), bytes(target.sensf_res))

    def exchange(self, frame: bytes, seconds: float) -> bytes:
        answer = _sorted(lambda: self._frontend.exchange(bytearray(frame), seconds))
        if answer is None:  # nfcpy only logs it when a device answers out of turn
            raise ReaderError("the reader does not answer as it should")
        return bytes(answer)

    def close(self) -> None:
        with contextlib.suppress(Exception):  # a device that has gone can fail to close in many ways
            self._frontend.close()
        if self._transport is not None:  # which nfcpy leaves open if the device has gone
            with contextlib.suppress(Exception):
                self._transport.close()


def _sorted(call: Callable[[], Any]) -> Any:
    """Call nfcpy.

    Raises:
        NoAnswerError, GarbledError: the card was not heard, or not understood.
        ReaderError: anything else. A device that answers nonsense shows as TypeError or worse.
    """
    try:
        return call()
    except (nfc.clf.TimeoutError, nfc.clf.BrokenLinkError) as error:
        raise NoAnswerError from error
    except (nfc.clf.CommunicationError, IndexError, ValueError) as error:
        raise GarbledError(type(error).__name__) from error
    except Exception as error:
        raise ReaderError(f"the reader has gone: {error!r}") from error
