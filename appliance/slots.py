"""What RAUC asks of a bootloader, answered by the boot port. Pure but for the port.

RAUC thinks of a primary slot and of good and bad ones; a board's firmware knows a primary and a single trial. So what
RAUC makes primary is only tried, and what runs and is called good becomes the primary. The order within each change is
such that a power cut between two writes starts what ran before:

1. Before a slot is written, nothing starts it any more.
2. It may be tried only once it is whole, and starts its own root.
3. The flag for the trial comes last; it is gone after one start, and with the power.
"""

from drivers.boot import Boot, Slot


class SlotError(Exception):
    """Nothing was changed; the message says why."""


class Slots:
    """The two slots of one card."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot

    def current(self) -> Slot:
        """Return which slot runs."""
        return self._boot.look().booted

    def primary(self) -> Slot:
        """Return which slot the next start comes up with, if it comes up."""
        boots = self._boot.look()
        return boots.tried if boots.is_armed else boots.primary

    def is_good(self, slot: Slot) -> bool:
        """Return whether a slot may be started at all."""
        boots = self._boot.look()
        return slot in (boots.primary, boots.tried)

    def start_next(self, slot: Slot) -> None:
        """Let the next start come up with a slot: the primary as ever, the other one for a single trial.

        Raises:
            CannotTryError: this board has no trials; nothing was changed.
            BootError: it cannot be written.
        """
        boots = self._boot.look()
        if slot is boots.primary:
            self._boot.disarm()
            return
        if self._boot.tries:  # otherwise arming says why not
            self._boot.point(slot)
            self._boot.set(boots.primary, slot)
        self._boot.arm()

    def mark_good(self, slot: Slot) -> None:
        """Let a slot be the primary from now on: it runs, and somebody has looked.

        Raises:
            SlotError: it does not run, so nobody can know.
            BootError: it cannot be written.
        """
        boots = self._boot.look()
        if slot is boots.primary:
            return
        if slot is not boots.booted:
            raise SlotError(f"slot {slot} does not run, so nobody can know whether it is good")
        self._boot.set(slot, slot.other)

    def mark_bad(self, slot: Slot) -> None:
        """Let nothing start a slot.

        Raises:
            SlotError: it is the primary, and nobody has seen the other one run.
            BootError: it cannot be written.
        """
        boots = self._boot.look()
        if slot is boots.primary and boots.booted is slot:
            raise SlotError(f"slot {slot} is the only one that is known to run")
        self._boot.disarm()
        self._boot.set(slot.other, slot.other)
