"""A scanner on a serial line, for the demo: a pseudoterminal whose other end a unit opens as it opens a real one."""

import os
import tty


class ScannerLine:
    """The scanner's end of the line. `path`: what the unit opens."""

    def __init__(self) -> None:
        self._own, far = os.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        self._far = far  # kept open: otherwise the line would be gone whenever the unit is started anew

    def say(self, code: str) -> None:
        """Send what was held before the window."""
        os.write(self._own, code.encode() + b"\r")
