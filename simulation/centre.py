"""The centre of a simulated town: the real intake, streams and reconciliation over a database in memory."""

from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.pool import StaticPool

from central import store
from central.authority import Authority, moment
from central.centre import Centre, assemble
from central.folder import TownSigner
from central.migrations import migrate
from drivers.clock.sim import Driver as Clock
from drivers.entropy.sim import Driver as Entropy
from sync.facts import PlaceNamed, Town

TOWN_ID: Final = "todai"
_SECRET_BYTES: Final = 32


def open_sim_centre(clock: Clock, seed: str, url: str = "sqlite://") -> Centre:
    """Make the centre of a simulated town.

    Args:
        url: an empty database; one in memory if left out.
    """
    entropy = Entropy(Entropy.Options(f"{seed}/centre"))
    options = {"poolclass": StaticPool} if url == "sqlite://" else {}
    engine = store.open_engine(url, **options)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(store.setting).values(name=store.GENERATION, value=entropy.bytes(8).hex()))
    signer = TownSigner(Ed25519PrivateKey.from_private_bytes(entropy.bytes(_SECRET_BYTES)))
    key, certificate = Authority.create(TOWN_ID, moment(clock.wall_ms()))
    card_key = entropy.bytes(_SECRET_BYTES)
    centre = assemble(engine, signer, Authority(key, certificate), card_key, TOWN_ID, clock, entropy)
    centre.reconciler.prepare()
    centre.registrar.town(Town("灯台町", "Todai", "00-1234", 540))
    return centre


def name_place(centre: Centre, place: str) -> None:
    """Name a place; its id will do for a simulated one."""
    centre.registrar.place(PlaceNamed(place, place, place, place))
