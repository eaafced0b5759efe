"""Says who may use the console, and holds what they type against it. Whoever comes, goes or is turned away is noted.

All of it stands in the office's own journal, signed by the town: an account cannot be slipped into the database.
"""

import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import sqlalchemy as sa

from central import accounts, passkeys, store, totp
from central.reconcile import Reconciler
from central.streams import Streams
from central.throttle import Throttle
from central.town import Town
from central.vault import NONCE_BYTES, PASSWORD_MAX, PASSWORD_MIN, SALT_BYTES, Vault, is_easy, plain
from sync import chain
from sync.accounts import Account, AccountSet, CameIn, Role
from sync.entries import EntryError, Fact
from sync.messages import OFFICE_STREAM
from sync.passkeys import Passkey, PasskeyAdded, PasskeyRemoved, number_of
from sync.segment import SegmentError, from_text, unpack

log = logging.getLogger("central")

TRIES: Final = 5  # wrong ones in a row, for one account
EVERY_MS: Final = 30_000  # after those, one more in so long
ALL_TRIES: Final = 30  # the same for everybody together
ALL_EVERY_MS: Final = 2_000
PASSKEYS_MAX: Final = 10  # of one account
_TOKEN_BYTES: Final = 32


class AccountError(Exception):
    """This cannot be done with an account; the message says why, and nothing was."""


class WrongError(Exception):
    """Name, password or digits are wrong; which of them, nobody is told."""


class OftenError(Exception):
    """Too many were tried; nothing was looked at."""


@dataclass
class Doorkeeper:
    """Knows the accounts. What is counted here (tries, digits that were used) lives as long as the process."""

    engine: sa.Engine
    town: Town
    streams: Streams
    reconciler: Reconciler
    vault: Vault = field(init=False)
    _tries: Throttle = field(default_factory=lambda: Throttle(TRIES, EVERY_MS), init=False)
    _all: Throttle = field(default_factory=lambda: Throttle(ALL_TRIES, ALL_EVERY_MS), init=False)
    _believed: dict[str, Account] = field(default_factory=dict, init=False)
    _used: dict[str, int] = field(default_factory=dict, init=False)  # the last half minute for which each secret let in
    _uses: dict[str, int] = field(default_factory=dict, init=False)  # how often each passkey has said that it signed

    def __post_init__(self) -> None:
        self.vault = Vault(self.town.signer)

    # ---- what is said about accounts

    def find(self, name: str) -> Account:
        """Return what counts for an account, if the town has signed it; what was slipped into the table counts not."""
        with store.reading(self.engine) as connection:
            account = accounts.find(connection, name)
            if account.when is None or self._believed.get(name) == account:
                return account
            is_said = account.said == self._signed(connection, account.when)
        if not is_said:
            log.warning("the table of accounts does not say what the journal says; say: machi central replay")
            return Account()
        self._believed[name] = account
        return account

    def begun(self, number: str) -> accounts.Begun | None:
        """Return a session that was begun and did not end, if the town has signed that it was."""
        with store.reading(self.engine) as connection:
            begun = accounts.begun(connection, number)
            fact = self._signed(connection, begun.when) if begun else None
        is_said = isinstance(fact, CameIn) and begun and (fact.name, fact.number) == (begun.name, number)
        return begun if is_said else None

    def every(self) -> dict[str, Account]:
        with store.reading(self.engine) as connection:
            return accounts.every(connection)

    def change(self, name: str, by: str, change: Callable[[AccountSet], AccountSet]) -> AccountSet:
        """Say anew what counts for an account, or for a new one. One that is closed or reset has no passkeys any more.

        Raises:
            AccountError: from `change`.
        """
        with self.reconciler.counted() as connection:
            before = accounts.find(connection, name).said or AccountSet(name)
            after = msgspec.structs.replace(change(before), by=by)
            is_another = not after.roles or after.secret != before.secret
            gone = passkeys.of(connection, name) if is_another else {}
            self.streams.append(connection, OFFICE_STREAM, [after, *(PasskeyRemoved(name, n, by) for n in gone)])
        self.reconciler.catch_up()  # what was said counts at once
        return after

    def note(self, facts: Sequence[Fact]) -> None:
        """Write down who came, or was turned away."""
        with self.engine.begin() as connection:
            self.streams.append(connection, OFFICE_STREAM, facts)

    # ---- passkeys

    def passkeys(self, name: str) -> dict[str, Passkey]:
        """Return the passkeys of an account by number, the oldest first; those of which the town has signed that."""
        with store.reading(self.engine) as connection:
            return {n: one for n, one in passkeys.of(connection, name).items() if self._is_added(connection, one)}

    def passkey(self, number: str) -> Passkey | None:
        """Return a passkey that signs in for somebody, if the town has signed that."""
        with store.reading(self.engine) as connection:
            found = passkeys.find(connection, number)
            return found if not found.is_removed and self._is_added(connection, found) else None

    def add_passkey(self, added: PasskeyAdded) -> None:
        """Let somebody sign in by a passkey.

        Raises:
            AccountError: it was added before, if only to be removed again; or there are enough.
        """
        with self.reconciler.counted() as connection:
            if passkeys.find(connection, number_of(added.credential)).added:
                raise AccountError("this passkey was here before; make a new one")
            if len(passkeys.of(connection, added.name)) >= PASSKEYS_MAX:
                raise AccountError(f"an account has at most {PASSKEYS_MAX} passkeys; remove one first")
            self.streams.append(connection, OFFICE_STREAM, [added])
        self.reconciler.catch_up()

    def remove_passkey(self, name: str, number: str, by: str, *, ends: bool = False) -> None:
        """Let a passkey sign in for nobody any more; `ends`: and end what its owner has open.

        Raises:
            AccountError: this account has no such passkey.
        """
        with self.reconciler.counted() as connection:
            if number not in passkeys.of(connection, name):
                raise AccountError(f"{name} has no such passkey")
            said = accounts.find(connection, name).said
            again = [msgspec.structs.replace(said, by=by)] if said and ends else []
            self.streams.append(connection, OFFICE_STREAM, [PasskeyRemoved(name, number, by), *again])
        self.reconciler.catch_up()

    def counts_on(self, number: str, known: Passkey, uses: int) -> bool:
        """Tell whether a passkey counts on from where it was; one that does not is a copy. Many never count."""
        held = max(known.uses, self._uses.get(number, 0))
        if (held or uses) and uses <= held:
            return False
        self._uses[number] = uses
        return True

    def may_try(self, name: str) -> None:
        """Count one try for an account.

        Raises:
            OftenError: too many were tried.
        """
        now_ms = self.town.clock.wall_ms()
        if not (self._tries.allows(name, now_ms) and self._all.allows("", now_ms)):
            raise OftenError

    def forget_tries(self, name: str) -> None:
        """Begin to count anew: whoever it was, is the right one."""
        self._tries.forget(name)

    def _is_added(self, connection: sa.Connection, known: Passkey) -> bool:
        return known.when is not None and known.added == self._signed(connection, known.when)

    # ---- what is kept of secrets

    def kept(self, name: str, password: str) -> str:
        """Return what is kept of a new password.

        Raises:
            AccountError: it is too short, or one that is tried first.
        """
        if not PASSWORD_MIN <= len(plain(password)) <= PASSWORD_MAX:
            raise AccountError(f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters; a few words will do")
        if is_easy(password, name):
            raise AccountError("this password is tried first; take a few words that do not belong together")
        return self.vault.keep_password(password, self.town.entropy.bytes(SALT_BYTES))

    def new_secret(self, name: str) -> tuple[bytes, str]:
        """Draw what the six digits are made of; return it, and what is kept of it."""
        secret = self.town.entropy.bytes(totp.SECRET_BYTES)
        return secret, self.vault.seal(name, secret, self.town.entropy.bytes(NONCE_BYTES))

    def new_token(self, name: str) -> tuple[str, str]:
        """Draw a tool's token; return it, and what is kept of it."""
        token = f"{name}.{self.town.entropy.bytes(_TOKEN_BYTES).hex()}"
        return token, self.vault.bound(token)

    # ---- what somebody shows

    def who(self, name: str, password: str, digits: str) -> Account:
        """Return the account of somebody who knows the password and has the digits, each good once.

        Raises:
            OftenError: too many were tried.
            WrongError: any of it is wrong.
        """
        self.may_try(name)
        account = self.find(name)
        said = account.said or AccountSet(name)
        fits = self.vault.fits(said.password, password)
        secret = self.vault.unseal(name, said.secret) if said.secret else b""
        now_ms = self.town.clock.wall_ms()
        step = totp.accepted(secret, plain(digits).replace(" ", ""), now_ms, self._used.get(said.secret, 0))
        if not (fits and secret and step and said.roles):
            raise WrongError
        self._used[said.secret] = step
        self.forget_tries(name)
        return account

    def is_password_of(self, name: str, password: str) -> bool:
        """Tell whether somebody who is signed in already, and whose screen was locked, knows the password.

        Raises:
            OftenError: too many were tried.
        """
        self.may_try(name)
        said = self.find(name).said
        fits = bool(said) and self.vault.fits(said.password if said else "", password)
        if fits:
            self.forget_tries(name)
        return fits

    def tool(self, token: str) -> Account | None:
        """Return the account of a tool that shows its token."""
        account = self.find(token.partition(".")[0])
        kept = account.said.token if account.said else None
        return account if kept and hmac.compare_digest(kept, self.vault.bound(token)) else None

    def _signed(self, connection: sa.Connection, when: tuple[int, str, int]) -> Fact | None:
        """Return the fact at a place of the office's journal, if the town has signed it."""
        _, boot, seq = when
        here = store.segment.c
        asked = sa.select(here.packed).where(here.writer == OFFICE_STREAM, here.boot == boot, here.first <= seq)
        packed = connection.execute(asked.order_by(here.first.desc()).limit(1)).scalar()
        if packed is None:
            return None
        try:
            segment = from_text(unpack(packed))
            place = segment.unit, segment.boot
            facts = {one.seq: one.fact for one in segment.stored_entries(self.town.register)}
        except (SegmentError, EntryError):
            return None
        key = chain.PublicKey(self.town.signer.public, self.town.check)
        is_ours = place == (OFFICE_STREAM, boot) and key.signed(segment.hashes()[-1], segment.seal)
        return facts.get(seq) if is_ours else None


def roles_of(account: Account) -> frozenset[Role]:
    """Return what a person is here; nothing, once the account is closed, and for a tool."""
    return frozenset(account.said.roles) if account.said and not account.said.is_tool else frozenset()


def scopes_of(account: Account) -> frozenset[str]:
    """Return what a tool may read or send; nothing, once the account is closed, and for a person."""
    return frozenset(account.said.scopes) if account.said and account.said.is_tool else frozenset()
