"""A bad road in user space, for machines on which the kernel cannot be asked for one: slow, torn, and silently dead."""

import random
import socket
import time

from demo.road import Road

_CHUNK = 4096


class BadRoad(Road):
    """Forwards TCP, badly, whatever is inside.

    Attributes:
        late_s: every piece that is forwarded is late by so much.
        torn_after: a connection is cut within so many bytes, in the middle of whatever is being said; 0: never.
        is_dead: nothing is forwarded any more, and nobody is told: connections stay open.
        pieces, torn: how many pieces were late, how many connections were cut.
    """

    def __init__(self, port: int, to_port: int, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a test wants dice that can be thrown again
        self.late_s = 0.0
        self.torn_after = 0
        self.is_dead = False
        self.pieces = self.torn = 0
        super().__init__(port, to_port)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with self._lock:
            self._open.add(source)
        try:
            self._forward(source, sink)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(source)
            for end in (source, sink):
                _shut(end)
            source.close()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        left = 0
        while data := source.recv(_CHUNK):
            time.sleep(self.late_s)
            self.pieces += 1
            if self.is_dead:
                continue
            if self.torn_after:
                left = left or self._dice.randint(1, self.torn_after)
                if len(data) >= left:
                    sink.sendall(data[: left - 1])
                    self.torn += 1
                    return
                left -= len(data)
            sink.sendall(data)


def _shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
