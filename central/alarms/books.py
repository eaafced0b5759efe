"""Where alarms are remembered: beside the books, in the centre's database, so that a restart tells nothing twice."""

from typing import Final

import msgspec
import sqlalchemy as sa

from central import settings
from central.alarms.outbox import Outbox
from central.alarms.recipients import Recipients
from central.alarms.telling import Told

_RECIPIENTS: Final = "alarms: recipients"
_STATE: Final = "alarms: state"


class State(msgspec.Struct, frozen=True):
    """What was told, and what waits to be sent: one value, so that what is told is also queued."""

    told: Told = Told()
    outbox: Outbox = Outbox()


# Made here, in one thread: msgspec 0.22 crashes if several threads are the first to read a struct.
_TO: Final = msgspec.json.Decoder(Recipients)
_STATES: Final = msgspec.json.Decoder(State)


def recipients(connection: sa.Connection) -> Recipients:
    """Return who is told."""
    raw = settings.get(connection, _RECIPIENTS)
    return _TO.decode(raw) if raw else Recipients()


def set_recipients(connection: sa.Connection, to: Recipients) -> None:
    settings.put(connection, _RECIPIENTS, msgspec.json.encode(to).decode())


def change(connection: sa.Connection, **what: object) -> Recipients:
    """Change something of who is told, and how."""
    to = msgspec.structs.replace(recipients(connection), **what)
    set_recipients(connection, to)
    return to


def state(connection: sa.Connection) -> State:
    """Return what was told and what waits."""
    raw = settings.get(connection, _STATE)
    return _STATES.decode(raw) if raw else State()


def set_state(connection: sa.Connection, now: State) -> None:
    settings.put(connection, _STATE, msgspec.json.encode(now).decode())
