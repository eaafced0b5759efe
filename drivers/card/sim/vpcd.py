"""Carries a virtual card to a slot of vpcd, the virtual reader driver that Debian packages as vsmartcard-vpcd.

vpcd's protocol, over TCP: two bytes of length, most significant first, then that many bytes. One byte alone is a
control code: 0 power off, 1 power on, 2 reset, 4 "give me your answer to reset", the only one that is answered.
Anything else is a command APDU, answered by a response APDU. While the connection stands, the card is present.
"""

import socket
import struct
import threading

from drivers.card.sim.held import Held
from drivers.card.sim.others import VirtualCard

OFF, ON, RESET, ATR = 0, 1, 2, 4
_LENGTH_BYTES = 2
_RETRY_SECONDS = 0.02
# Where vpcd listens. These ports lie among those that the kernel gives to whoever connects, one after the other. A card
# that looks for a reader long enough gets one of them, even the very one that it looks for, and then is connected to
# itself; either way the reader, when it comes back, would find its port taken.
VPCD_PORTS = range(35_963, 35_963 + 16)
_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # struct linger: no waiting state, so the port is free again
_MS = 1000


class Slot:
    """One slot, on which at most one card lies; a thread of its own serves the card while it does.

    A card stays on the slot when pcscd ends, and is found there when pcscd is back.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._presence: _Presence | None = None
        self._delay_ms = 0

    @property
    def card(self) -> VirtualCard | None:
        presence = self._presence
        return presence.card if presence and not presence.ended.is_set() else None

    def present(self, card: VirtualCard) -> None:
        """Lay a card down; one that lies there is taken away first."""
        self.remove()
        self._presence = _Presence(self._address, card, self._delay_ms)

    def remove(self) -> None:
        """Take the card away, in the middle of an exchange if there is one."""
        presence, self._presence = self._presence, None
        if presence:
            presence.end()

    def remove_after(self, apdus: int) -> None:
        """Take the card away in the middle of the exchange that follows the next `apdus`."""
        if self._presence:
            self._presence.exchanges_left = apdus

    def slow(self, ms: int) -> None:
        """Let this and every later card take so much longer over each command."""
        self._delay_ms = ms
        if self._presence:
            self._presence.delay_ms = ms

    def mute(self) -> None:
        """Let the card that lies there answer nothing more."""
        if self._presence:
            self._presence.is_mute = True


class _Presence:
    """One card on one slot, from being laid down to being taken away."""

    def __init__(self, address: tuple[str, int], card: VirtualCard, delay_ms: int) -> None:
        self.card = card
        self.delay_ms = delay_ms
        self.is_mute = False
        self.exchanges_left: int | None = None
        self.ended = threading.Event()
        if isinstance(card, Held):
            card.wait = self.ended.wait  # taking the card away ends its waiting
        self._address = address
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"card on {address[1]}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.ended.set()
        with self._lock:
            if self._socket:
                _shut(self._socket)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        """Hold the connection to vpcd; look for it again whenever it has gone."""
        while not self.ended.is_set():
            try:
                link = socket.create_connection(self._address)
            except OSError:
                self.ended.wait(_RETRY_SECONDS)
                continue
            if link.getsockname()[1] in VPCD_PORTS:
                _drop(link)
                continue
            with link:
                with self._lock:
                    self._socket = link
                if self.ended.is_set():
                    _shut(link)
                self._serve(link)
                with self._lock:
                    self._socket = None
            self.card.power_off()

    def _serve(self, link: socket.socket) -> None:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while (message := _receive(link)) is not None:
                answer = self._answer(message)
                if answer is not None:
                    link.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            return  # pcscd or the card has gone

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) > 1:
            return self._exchange(message)
        code = message[0]
        if code == ATR:
            return self.card.reset()
        if code == ON:
            self.card.power_on()
        elif code == OFF:
            self.card.power_off()
        elif code == RESET:
            self.card.reset()
        return None

    def _exchange(self, command: bytes) -> bytes | None:
        if self.exchanges_left is not None:
            self.exchanges_left -= 1
            if self.exchanges_left < 0:
                self.end()
        if self.is_mute:
            self.ended.wait()
        elif self.delay_ms:
            self.ended.wait(self.delay_ms / _MS)
        answer = None if self.ended.is_set() else self.card.transmit(command)
        if isinstance(self.card, Held) and self.card.gone:
            self.end()
        return None if self.ended.is_set() else answer


def _receive(link: socket.socket) -> bytes | None:
    """Return one message, or None at the end of the connection."""
    header = _exactly(link, _LENGTH_BYTES)
    return _exactly(link, int.from_bytes(header, "big")) if header else None


def _exactly(link: socket.socket, length: int) -> bytes | None:
    data = b""
    while len(data) < length:
        # vpcd sends length and body apart, so its second packet waits for our acknowledgement (Nagle), which the
        # kernel would delay by 40 ms. This asks for it at once, and has to be asked again each time.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        more = link.recv(length - len(data))
        if not more:
            return None
        data += more
    return data


def _shut(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


def _drop(link: socket.socket) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
    link.close()
