"""A card in the USB reader that QEMU emulates: the virtual card of drivers/card/sim, carried by QEMU's protocol.

QEMU's device `ccid-card-passthru` listens at a socket. Each message has a type, a reader and a length, four bytes each,
most significant first, and then that many bytes (vscard_common.h of libcacard).
"""

import contextlib
import socket
import struct
import threading
from typing import Self

from drivers.card.sim.others import VirtualCard

INIT, READER_ADD, ATR, CARD_REMOVE, APDU = 1, 3, 5, 6, 7
_HEAD = struct.Struct(">III")
_HELLO = struct.pack(">III", 0x56534344, 2, 0)  # "VSCD", version 0.0.2, no capabilities
# The emulated reader speaks T=0 only; the answer to reset of a card without contacts says T=1.
ATR_T0 = bytes.fromhex("3B6500002063CB6600")


class UsbCard:
    """The slot of an emulated reader; what lies there is served by a thread of its own."""

    def __init__(self, port: int) -> None:
        self._link = socket.create_connection(("127.0.0.1", port))
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lock = threading.Lock()
        self._card: VirtualCard | None = None
        self._tell(INIT, _HELLO)
        self._tell(READER_ADD, b"machitap\0")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
        self._thread.join()

    def present(self, card: VirtualCard) -> None:
        card.power_on()
        self._card = card
        self._tell(ATR, ATR_T0)

    def remove(self) -> None:
        self._tell(CARD_REMOVE)
        self._card = None

    def _serve(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                kind, _, length = _HEAD.unpack(self._read(_HEAD.size))
                content = self._read(length)
                card = self._card
                if kind == APDU and card is not None:
                    self._tell(APDU, card.transmit(content))

    def _tell(self, kind: int, content: bytes = b"") -> None:
        with self._lock:
            self._link.sendall(_HEAD.pack(kind, 0, len(content)) + content)

    def _read(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = self._link.recv(length - len(found))
            if not part:
                raise EOFError
            found += part
        return found
