"""What can go wrong for a technician: in both languages, with what to do, and the exit code for its kind."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `machi`, as far as they occur here; `machi.py` has them all."""

    CHECK = 2
    USAGE = 3
    NOT_FOUND = 4
    EXISTS = 5
    REFUSED = 6
    TOWN = 7
    HARDWARE = 8
    PERMISSION = 9


class DeviceError(Exception):
    """It did not work. `do_ja`, `do_en`: what a person does about it."""

    def __init__(self, code: Exit, ja: str, en: str, do_ja: str = "", do_en: str = "") -> None:
        super().__init__(en)
        self.code = code
        self.ja = ja
        self.en = en
        self.do_ja = do_ja
        self.do_en = do_en


class LostError(DeviceError):
    """The unit does not answer, or not any more; what it was asked for may have happened."""
