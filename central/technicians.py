"""Whom the office sends to its units: certificates for their keys, and the end of these; each is noted in the journal.

A certificate opens all units of the town for a few hours. What is revoked reaches a unit with the next technician.
"""

from collections.abc import Sequence

import msgspec

from central import shelves, store
from central.centre import Centre
from central.ssh import Certified, SshAuthority
from sync.entries import Fact
from sync.facts import HostSet, SshRevoked, TechnicianSet
from sync.messages import OFFICE_STREAM, sign
from sync.technician import Role

_HOUR_MS = 3_600_000


class Listed(msgspec.Struct, frozen=True):
    """A technician's certificate. `revoked`: why, or "" if it was not."""

    name: str
    serial: int
    key: str
    may: tuple[str, ...]
    until: int
    revoked: str


class Technicians:
    """The desk at which technicians get their certificates."""

    def __init__(self, centre: Centre, authority: SshAuthority) -> None:
        self._centre = centre
        self._authority = authority
        authority.create()

    def certify(self, public: str, name: str, role: Role, hours: int) -> Certified:
        """Give a technician a certificate for so many hours. Whoever may change a unit may look at it, too.

        Raises:
            SshError: this is no public key of OpenSSH.
        """
        may = tuple(str(one) for one in (role, Role.SUPPORT)) if role is Role.PROVISION else (str(role),)
        done = self._authority.technician(public, name, may, hours)
        until = self._centre.town.clock.wall_ms() + hours * _HOUR_MS
        self._note([TechnicianSet(name, done.serial, done.key, may, until)])
        return done

    def host(self, public: str, unit: str) -> Certified:
        """Give the SSH server of a unit a certificate, such as one that has drawn a new key since it was let in.

        Raises:
            SshError: this is no public key of OpenSSH.
        """
        done = self._authority.host(public, unit)
        self._note([HostSet(unit, done.serial, done.key)])
        return done

    def revoke(self, serial: int, reason: str) -> int:
        """Revoke a certificate; return the number of the list that says so."""
        self._note([SshRevoked(serial, reason)])
        return self._authority.revoke(serial)

    def listed(self) -> list[Listed]:
        """Return every technician's certificate, as the journal has it."""
        register = self._centre.town.register
        with store.reading(self._centre.engine) as connection:
            segments = list(shelves.take(connection, OFFICE_STREAM, [], shelves.EVERYTHING))
        facts = [entry.fact for segment in segments for entry in segment.stored_entries(register)]
        why = {fact.serial: fact.reason or "revoked" for fact in facts if isinstance(fact, SshRevoked)}
        return [
            Listed(one.name, one.serial, one.key, one.may, one.until, why.get(one.serial, ""))
            for one in facts
            if isinstance(one, TechnicianSet)
        ]

    def told(self) -> bytes:
        """Return what laptops and units have to know, signed by the town."""
        return sign(self._authority.told(self._centre.town_id), self._centre.town.signer)

    def _note(self, facts: Sequence[Fact]) -> None:
        with self._centre.engine.begin() as connection:
            self._centre.streams.append(connection, OFFICE_STREAM, facts)
