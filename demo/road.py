"""The road between a unit and the centre: a TCP forwarder that can be cut and mended while both sides go on."""

import contextlib
import socket
import threading
from typing import Final

_CHUNK: Final = 65_536


class Road:
    """Forwards from a port of its own to the centre's; what is sealed inside TLS passes through unread."""

    def __init__(self, port: int, to_port: int) -> None:
        self.port = port
        self._address = ("127.0.0.1", port)
        self._to = ("127.0.0.1", to_port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door: socket.socket | None = None
        self.is_cut = True
        self.mend()

    def mend(self) -> None:
        """Let traffic through."""
        if not self.is_cut:
            return
        self._door = socket.create_server(self._address)
        self.is_cut = False
        threading.Thread(target=self._accept, args=(self._door,), name="road", daemon=True).start()

    def cut(self) -> None:
        """Cut every connection that there is, and refuse new ones, as when a cable is pulled out of a router."""
        self.is_cut = True
        if self._door:
            with contextlib.suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._to, timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), name="road", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with self._lock:
            self._open.add(source)
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                sink.sendall(data)
        with self._lock:
            self._open.discard(source)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
