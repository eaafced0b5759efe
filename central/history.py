"""The history of a town's books has a number, and a database that was put back from a backup begins another one.

Units see by the number that what was acknowledged before may be gone. Their fences, which a restored database has never
heard of, are then nobody's fault.
"""

from typing import Final

import sqlalchemy as sa

from central import settings, store
from central.town import Entropy

GENERATION_BYTES: Final = 8


def begin_history(engine: sa.Engine, entropy: Entropy) -> str:
    """Draw the number of a new history and forget the fences of the old one; return that number.

    Every unit has to be heard before anything is granted again: it may have been granted what these books never heard.
    """
    drawn = entropy.bytes(GENERATION_BYTES).hex()
    with engine.begin() as connection:
        settings.put(connection, store.GENERATION, drawn)
        connection.execute(sa.update(store.unit).values(fence="", fence_before="", unheard=1))
    return drawn
