"""The centre, put together: every part with what it needs, from one folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

from central import folder as at
from central import ssh, store
from central.ages import Ages
from central.authority import Authority
from central.bundles import FOLDER as BUNDLES_FOLDER
from central.bundles import Bundles
from central.dealing import Dealer, own_kinds, tenders
from central.doorkeeper import Doorkeeper
from central.enrol import RENEW_DAYS, Enroller, Vouch
from central.folder import Folder
from central.granting import Granter
from central.intake import Intake
from central.losses import Losses
from central.neighbours import Neighbours
from central.office import Office, offices
from central.parting import Parting
from central.reconcile import Reconciler
from central.registrar import Registrar
from central.registration import Registration
from central.residents.files import Files
from central.residents.papers import Office as Letterhead
from central.residents.sealing import Keyring
from central.rollout import RollOuts
from central.staffing import Staffing
from central.streams import Streams
from central.telling import Teller
from central.town import Clock, Entropy, Town
from sync import chain, installed

_NO_LETTERHEAD: Final = Letterhead()


@dataclass
class Centre:
    """All parts of a running centre.

    Attributes:
        on_arrival: is called after each delivery.
        bundles: where the files of new systems lie; None for a centre without a folder.
        letterhead: the town as it signs its papers.
    """

    engine: sa.Engine
    town: Town
    town_id: str
    authority: Authority
    streams: Streams
    intake: Intake
    enroller: Enroller
    registrar: Registrar
    registration: Registration
    ages: Ages
    reconciler: Reconciler
    granter: Granter
    dealer: Dealer
    losses: Losses
    parting: Parting
    staffing: Staffing
    doorkeeper: Doorkeeper
    neighbours: Neighbours
    teller: Teller
    roll_outs: RollOuts
    offices: tuple[Office, ...]
    bundles: Bundles | None = None
    letterhead: Letterhead = _NO_LETTERHEAD
    on_arrival: Callable[[], None] = field(default=lambda: None)


def open_centre(path: Path, clock: Clock, entropy: Entropy) -> Centre:
    """Open an existing centre.

    Raises:
        FolderError: something in its folder is missing or wrong.
        SchemaError: its database is of another version.
    """
    folder = Folder(path)
    engine = store.open_engine(folder.database)
    store.check_schema(engine)
    authority = Authority(folder.secret(at.CA_KEY), (path / at.KEYS_FOLDER / at.CA_FILE).read_bytes())
    card_key = folder.secret(at.CARD_KEY)
    vouch = ssh.Vouching(path / at.KEYS_FOLDER, entropy)
    config = folder.config
    return assemble(
        engine,
        folder.signer(),
        authority,
        card_key,
        config.town.id,
        clock,
        entropy,
        vouch=vouch,
        renew_days=config.server.renew_days,
        bundles=Bundles(path / BUNDLES_FOLDER),
        resident_keys=folder.resident_keys(),
        letterhead=_letterhead(config),
    )


def assemble(
    engine: sa.Engine,
    signer: chain.Signer,
    authority: Authority,
    card_key: bytes,
    town_id: str,
    clock: Clock,
    entropy: Entropy,
    check: chain.Check = chain.check_signature,
    vouch: Vouch = lambda _unit, _key: None,
    renew_days: int = RENEW_DAYS,
    bundles: Bundles | None = None,
    resident_keys: Mapping[int, bytes] = MappingProxyType({}),
    letterhead: Letterhead = _NO_LETTERHEAD,
) -> Centre:
    """Put a centre together over an open database."""
    register = installed.register()
    town = Town(signer, register, clock, entropy, check)
    streams = Streams(town)
    every_office = offices()
    reconciler = Reconciler(engine, register, every_office)
    every_tender = tenders()
    registrar = Registrar(engine, streams, card_key)
    granter = Granter(streams, reconciler, clock, own_kinds(every_tender))
    keyring = Keyring(resident_keys)
    return Centre(
        engine=engine,
        town=town,
        town_id=town_id,
        authority=authority,
        streams=streams,
        intake=Intake(engine, town, streams),
        enroller=Enroller(engine, town, streams, authority, town_id, card_key, vouch, renew_days),
        registrar=registrar,
        registration=Registration(engine, town, streams, reconciler, registrar, keyring),
        ages=Ages(streams, Files(keyring, entropy)),
        reconciler=reconciler,
        granter=granter,
        dealer=Dealer(engine, granter, clock, tenders=every_tender),
        losses=Losses(streams, reconciler),
        parting=Parting(town, town_id, streams, reconciler),
        staffing=Staffing(streams, reconciler),
        doorkeeper=Doorkeeper(engine, town, streams, reconciler),
        neighbours=Neighbours(engine, streams, reconciler),
        teller=Teller(engine, reconciler, streams, register, every_office),
        roll_outs=RollOuts(engine, town, streams, reconciler),
        offices=every_office,
        bundles=bundles,
        letterhead=letterhead,
    )


def _letterhead(config: at.CentralConfig) -> Letterhead:
    town, said = config.town, config.registration
    return Letterhead(
        town.name,
        town.phone,
        said.office,
        said.address,
        said.purposes,
        said.given_to,
        said.remarks,
        counts_ages=said.counts_ages,
    )
