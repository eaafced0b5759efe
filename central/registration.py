"""The registration desk: residents' files with their cards, consents and guardians. `residents` decides what may be.

Each wish is decided in a transaction in which everything that has arrived is added up. A name is shown only after the
journal says who looked at it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from central import store
from central.calendar import day_at
from central.reading import CardReading
from central.reconcile import Reconciler
from central.registrar import Registrar
from central.residents import books, deciding
from central.residents.deciding import Agreed, DeskError, Words
from central.residents.files import Files, delete, keys_used, lies
from central.residents.finding import doubles, find, twins
from central.residents.person import Person, changed, checked
from central.residents.sealing import Keyring
from central.residents.standing import Standing
from central.streams import Streams
from central.town import Town
from sync import installed
from sync.days import date_of
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.residents import (
    READ_AT_ONCE,
    CardEnd,
    CardRead,
    Form,
    How,
    Leaving,
    NamesRead,
    Preferences,
)

_HOLDER_BYTES: Final = 16
_HOLDER_CHARS: Final = 2 * _HOLDER_BYTES
_SHORT_MIN: Final = 6  # hex digits that stand for a whole number where nobody else's begins so


class File(msgspec.Struct, frozen=True):
    """A resident's file, opened. `person` is None if it was erased; `guardians` and `children` by holder."""

    holder: str
    standing: Standing
    person: Person | None
    guardians: Mapping[str, Person]
    children: Mapping[str, Person]


class Registration:
    """Serves the desk. `by` is everywhere the clerk, as the journal will name them."""

    def __init__(
        self,
        engine: sa.Engine,
        town: Town,
        streams: Streams,
        reconciler: Reconciler,
        registrar: Registrar,
        keyring: Keyring,
    ) -> None:
        self._engine = engine
        self._town = town
        self._streams = streams
        self._reconciler = reconciler
        self._registrar = registrar
        self._files = Files(keyring, town.entropy)

    # ---- what stands in a file

    def add(
        self,
        person: Person,
        how: How,
        by: str,
        *,
        guardian: str = "",
        consents: Sequence[str] = (),
        is_another: bool = False,
    ) -> str:
        """Open a file; return its number. `is_another`: somebody else has this reading and birthday.

        Raises:
            DeskError, PersonError: it cannot be, and why.
            SealingError: the keys are not those of this database.
        """
        with self._counted() as connection:
            today = self._today(connection)
            person = checked(person, today)
            if not is_another and (known := twins(self._files.every(connection), person)):
                raise DeskError(
                    f"同じ読みと生年月日の人が もう登録されています({', '.join(known)})。"
                    "別の人なら、そう示してください。(RSD-030)",
                    f"Somebody with this reading and birthday is registered ({', '.join(known)}). If it is another"
                    " person, say so. (RSD-030)",
                    known,
                )
            is_child = person.is_child_on(today)
            if is_child and not guardian:
                raise DeskError(
                    "18歳未満の人には 保護者が要ります。先に保護者を登録し、その番号を示してください。(RSD-031)",
                    "Somebody under 18 needs a guardian: register them first, then give their number. (RSD-031)",
                )
            holder = self._town.entropy.bytes(_HOLDER_BYTES).hex()
            words = Words([self._files.write(connection, holder, 1, person, how, by)])
            fresh = Standing(version=1)
            speaks = self._resolve(connection, guardian) if guardian else ""
            if speaks:
                words.office.extend(self._guard(connection, holder, fresh, speaks, stands=True, by=by).office)
                fresh = msgspec.structs.replace(fresh, guardians=(speaks,))
            for program in consents:
                agreed = Agreed(program, guardian=speaks if is_child else "")
                words.office.extend(deciding.consent(holder, fresh, agreed, _known(), is_child=is_child, by=by).office)
            self._say(connection, words)
            return holder

    def change(self, who: str, wanted: Mapping[str, Any], how: How, by: str) -> str:
        """Write a file anew with some fields changed, such as the address; return its number.

        Raises:
            DeskError, PersonError, SealingError: as `add`.
        """
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            person = changed(self._files.person(connection, holder), wanted, self._today(connection))
            self._say(connection, Words([self._files.write(connection, holder, was.version + 1, person, how, by)]))
            return holder

    def erase(self, who: str, why: str, by: str) -> str:
        """Delete what is sealed of somebody who left; the books keep the pseudonym and nothing else."""
        with self._counted() as connection:
            holder = self._resolve(connection, who, through=False)
            self._say(connection, deciding.erase(holder, books.standing(connection, holder), why, by))
            delete(connection, holder)
            return holder

    def reseal(self, by: str) -> int:
        """Seal every file with the newest key; return how many were sealed with another one."""
        with self._counted() as connection:
            if facts := self._files.reseal(connection, by):
                self._say(connection, Words([*facts]))
            return len(facts)

    def keys_used(self) -> dict[str, int]:
        """Return how many files each key opens, by its id."""
        with store.reading(self._engine) as connection:
            return keys_used(connection)

    # ---- looking

    def find(self, words: str, birth: date | None, by: str, why: str = "find") -> list[File]:
        """Return the files of those whose name fits, by its reading or its letters; each one is noted as read.

        Raises:
            DeskError: there are too many to be shown.
            SealingError: as `add`.
        """
        with self._counted() as connection:
            files = self._files.every(connection)
            holders = find(files, words, birth)
            if len(holders) > READ_AT_ONCE:
                raise DeskError(
                    f"{len(holders)}人います。名前を長くするか、生年月日を加えてください。(RSD-032)",
                    f"There are {len(holders)}; give more of the name, or the birthday. (RSD-032)",
                )
            self._note_read(connection, holders, by, why)
            standings = {one: books.standing(connection, one) for one in holders}
        return [File(one, standings[one], files[one], {}, {}) for one in holders]

    def doubles(self) -> list[list[str]]:
        """Return groups of files, by number, that may be about one person each; no name is shown."""
        with self._counted() as connection:
            return doubles(self._files.every(connection))

    def show(self, who: str, by: str, why: str) -> File:
        """Open a file. `who`: its number, the name of one of the person's cards, or the beginning of either.

        Raises:
            DeskError: there is no such file.
            SealingError: as `add`.
        """
        with self._counted() as connection:
            holder = self._resolve(connection, who)
            was = books.standing(connection, holder)
            deciding.must_count(holder, was)
            opened = None if was.is_erased else self._files.person(connection, holder)
            guardians = {one: self._files.person(connection, one) for one in was.guardians if lies(connection, one)}
            children = {
                one: self._files.person(connection, one)
                for one, child in books.every(connection).items()
                if holder in child.guardians and not child.into and child.version
            }
            self._note_read(connection, [holder, *guardians, *children][:READ_AT_ONCE], by, why)
        return File(holder, was, opened, guardians, children)

    def look_at_card(self, card: str, by: str, why: str) -> None:
        """Note that somebody looks at what was done with a card; done before it is shown."""
        with self._counted() as connection:
            self._say(connection, Words([CardRead(card, by, why)]))

    def people(self) -> dict[str, int]:
        """Return how many files count, and how many of these are of people who have not left."""
        with self._counted() as connection:
            counting = [one for one in books.every(connection).values() if one.version and not one.into]
        return {"files": len(counting), "here": sum(one.left is Leaving.HERE for one in counting)}

    # ---- cards

    def add_card(self, who: str, reading: CardReading, form: Form, by: str) -> tuple[str, str]:
        """Give a resident the card that was read; return the file's number and the card's name.

        Raises:
            DeskError: the card is another person's, and the like.
        """
        card = self._registrar.name(reading.profile, reading.identifier)
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            words = deciding.bind(holder, was, card, form, books.holder_of(connection, card) or "", by)
            words.town.extend(self._registrar.faces(reading.index, reading.face))
            self._say(connection, words)
        return holder, card

    def renew_card(self, who: str, old: str, reading: CardReading, by: str) -> tuple[str, str]:
        """Let the card that was read take the place of an old one; return the file's number and the new card's name."""
        card = self._registrar.name(reading.profile, reading.identifier)
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            form = was.cards[old].form if old in was.cards else Form.CARD
            words = deciding.renew(holder, was, old, card, form, books.holder_of(connection, card) or "", by)
            if words.office:
                words.town.extend(self._registrar.faces(reading.index, reading.face))
            self._say(connection, words)
        return holder, card

    def end_card(self, who: str, card: str, why: CardEnd, by: str) -> str:
        """Stop a card that was lost, given back, or that its holder does not want any more."""
        return self._decide(who, lambda of, was: deciding.end(of, was, card, why, by))

    def found_card(self, who: str, card: str, by: str) -> str:
        return self._decide(who, lambda of, was: deciding.found(of, was, card, by))

    # ---- the rest of a file

    def consent(self, who: str, program: str, by: str, *, given: bool, guardian: str = "") -> str:
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            speaks = self._resolve(connection, guardian) if guardian else ""
            today = self._today(connection)
            is_child = lies(connection, holder) and self._files.person(connection, holder).is_child_on(today)
            agreed = Agreed(program, given, speaks)
            self._say(connection, deciding.consent(holder, was, agreed, _known(), is_child=is_child, by=by))
            return holder

    def guardian(self, who: str, guardian: str, by: str, *, stands: bool) -> str:
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            speaks = self._resolve(connection, guardian)
            self._say(connection, self._guard(connection, holder, was, speaks, stands=stands, by=by))
            return holder

    def prefer(self, who: str, wanted: Mapping[str, Any], by: str) -> Preferences:
        """Change how somebody wants to be spoken to; all units are told, for each card."""
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            prefers = msgspec.structs.replace(was.prefers, **wanted)
            self._say(connection, deciding.prefer(holder, was, prefers, by))
            return prefers

    def leave(self, who: str, why: Leaving, day: date | None, by: str) -> tuple[str, tuple[str, ...]]:
        """Note that somebody left, or did not; return the file's number and the children left without a guardian."""
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            on = (day or self._today(connection)).isoformat()
            words = (
                deciding.back(holder, was, on, by) if why is Leaving.HERE else deciding.leave(holder, was, why, on, by)
            )
            self._say(connection, words)
            standings = books.every(connection)
            gone = {one for one, said in standings.items() if said.left is not Leaving.HERE} | {holder}
            alone = [
                one
                for one, child in standings.items()
                if holder in child.guardians and not child.into and gone.issuperset(child.guardians)
            ]
            return holder, () if why is Leaving.HERE else tuple(alone)

    def merge(self, of: str, into: str, by: str) -> tuple[str, str]:
        """Let two files be one; return their numbers."""
        with self._counted() as connection:
            holder, was = self._known(connection, of)
            keep, then = self._known(connection, into)
            self._say(connection, deciding.merge(holder, was, keep, then, books.every(connection), by))
            return holder, keep

    def standing(self, who: str) -> Standing:
        """Return how a file stands; nothing in it names anybody."""
        with self._counted() as connection:
            return books.standing(connection, self._resolve(connection, who))

    def resolve(self, who: str) -> str:
        """Return the number of the file that counts for a number, a card's name, or the beginning of either."""
        with self._counted() as connection:
            return self._resolve(connection, who)

    def whose(self, connection: sa.Connection, who: str) -> str:
        """Return the same, of what is added up, to somebody who only reads."""
        return self._resolve(connection, who)

    def today(self) -> date:
        """Return the day by the town's calendar."""
        with store.reading(self._engine) as connection:
            return self._today(connection)

    # ---- inside

    def _counted(self) -> AbstractContextManager[sa.Connection]:
        return self._reconciler.counted()

    def _decide(self, who: str, decide: Callable[[str, Standing], Words]) -> str:
        with self._counted() as connection:
            holder, was = self._known(connection, who)
            self._say(connection, decide(holder, was))
            return holder

    def _known(self, connection: sa.Connection, who: str) -> tuple[str, Standing]:
        holder = self._resolve(connection, who)
        was = books.standing(connection, holder)
        deciding.must_count(holder, was)
        return holder, was

    def _resolve(self, connection: sa.Connection, who: str, *, through: bool = True) -> str:
        found = _beginning(connection, books.resident.c.key, who)
        if len(found) == 1:
            is_itself = not through and len(who) == _HOLDER_CHARS
            return found[0] if is_itself else books.counting(connection, found[0])
        if not found:
            found = _beginning(connection, books.card.c.card, who)
            if len(found) == 1 and (holder := books.holder_of(connection, found[0])):
                return holder
        several = "番号を もっと長く入れてください" if found else "この番号の登録はありません"
        more = "give more of the number" if found else "no resident has this number, and no card this name"
        raise DeskError(f"{several}。(RSD-010)", f"{who}: {more}. (RSD-010)")

    def _guard(
        self, connection: sa.Connection, holder: str, was: Standing, guardian: str, *, stands: bool, by: str
    ) -> Words:
        theirs = books.standing(connection, guardian)
        today = self._today(connection)
        is_adult = lies(connection, guardian) and not self._files.person(connection, guardian).is_child_on(today)
        return deciding.guard(holder, was, guardian, theirs, is_adult=is_adult, stands=stands, by=by)

    def _say(self, connection: sa.Connection, words: Words) -> None:
        if words.office:
            self._streams.append(connection, OFFICE_STREAM, words.office)
        if words.town:
            self._streams.append(connection, TOWN_STREAM, words.town)

    def _note_read(self, connection: sa.Connection, holders: Sequence[str], by: str, why: str) -> None:
        if holders:
            self._say(connection, Words([NamesRead(tuple(holders), by, why)]))

    def _today(self, connection: sa.Connection) -> date:
        return date_of(day_at(connection, self._town.clock.wall_ms()))


def _beginning(connection: sa.Connection, column: sa.Column[str], who: str) -> list[str]:
    """Return what begins with what was typed, two at the most; nothing, if that is too short to be told apart."""
    asked = sa.select(column).where(column.startswith(who, autoescape=True)).order_by(column).limit(2)
    return list(connection.execute(asked).scalars()) if len(who) >= _SHORT_MIN else []


def _known() -> tuple[str, ...]:
    """Return the programs that somebody can agree to."""
    return installed.with_part("rules")
