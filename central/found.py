"""Makes a new centre: the town's keys, its certificate authority, its database, its first words to all units."""

from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from central import folder as at
from central import reconcile, settings, store
from central.authority import Authority, moment
from central.centre import Centre, open_centre
from central.folder import Folder, write_secret
from central.history import begin_history
from central.migrations import migrate
from central.town import Clock, Entropy
from sync import twin
from sync.directory import TOWN_KEY, TWIN_KEY
from sync.facts import Town, TwinKey
from sync.messages import text

_CONFIG: Final = """\
# The town's centre. Units call one of units_names at units_port; the console is on this machine only. Residents' phones
# reach resident_port through a server that speaks TLS to them, at the address resident_url; 0: there is no such page.
# At reader_port of each clerk's own PC `machi desk` reads cards for the page that is open there; 0: at none.
{database}
[town]
id = {town_id}
name = {name}
name_en = {name_en}
phone = {phone}
utc_offset_minutes = 540

[server]
units_host = {units_host}
units_port = {units_port}
units_names = {units_names}
console_port = {console_port}
reader_port = {reader_port}
resident_port = {resident_port}
resident_url = {resident_url}
"""


class Plan(msgspec.Struct, frozen=True):
    """What a technician says of a new centre."""

    town_id: str
    name: str
    name_en: str
    phone: str
    units_port: int
    units_names: tuple[str, ...]
    console_port: int
    units_host: str = "127.0.0.1"
    resident_port: int = 0
    resident_url: str = ""
    reader_port: int = 0
    database: str = ""


def found(folder: Path, plan: Plan, clock: Clock, entropy: Entropy) -> None:
    """Make a new centre in a folder that has none.

    Raises:
        FolderError: the plan is no good; nothing is made.
        FileExistsError: a part of one is there already; nothing of it is replaced.
    """
    values = {name: msgspec.json.encode(value).decode() for name, value in msgspec.structs.asdict(plan).items()}
    values["database"] = f"database = {values['database']}\n" if plan.database else ""
    config = _CONFIG.format(**values)
    at.read_config(config, folder / at.CONFIG_FILE)
    keys = folder / at.KEYS_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.mkdir(mode=0o700)
    if not plan.database:
        write_secret(folder / at.DATABASE_FILE, b"")  # SQLite gives its log the rights of the file
    for name in (at.TOWN_KEY, at.ISSUER_KEY):
        key = Ed25519PrivateKey.generate()
        write_secret(keys / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_secret(keys / at.CARD_KEY, entropy.bytes(at.SECRET_BYTES))
    ca_key, ca = Authority.create(plan.town_id, moment(clock.wall_ms()))
    write_secret(keys / at.CA_KEY, ca_key)
    write_secret(keys / at.CA_FILE, ca)
    (folder / at.CONFIG_FILE).write_text(config)
    upgrade(folder, clock, entropy)


def upgrade(folder: Path, clock: Clock, entropy: Entropy) -> None:
    """Bring a centre's database to this version, and tell the units what its configuration says about the town."""
    opened = Folder(folder)
    _make_twin_key(opened)
    engine = store.open_engine(opened.database)
    migrate(engine)
    with store.reading(engine) as connection:
        is_new = settings.get(connection, store.GENERATION) is None
        has_files = connection.execute(sa.select(store.resident_file.c.holder).limit(1)).first() is not None
    if not has_files and not opened.resident_keys():  # where files lie already, another key would open none of them
        write_secret(opened.path / at.KEYS_FOLDER / at.resident_key_file(1), entropy.bytes(at.SECRET_BYTES))
    if is_new:
        begin_history(engine, entropy)
    engine.dispose()
    centre = open_centre(folder, clock, entropy)
    centre.reconciler.prepare()
    centre.reconciler.catch_up()
    _say_town(centre, opened)
    _say_twin_key(centre, opened)
    centre.reconciler.catch_up()
    centre.engine.dispose()


def _say_town(centre: Centre, opened: Folder) -> None:
    town = opened.config.town
    issuer = f"{town.id}.1"  # as it stands on the service passes that this key signs
    statement = Town(
        name=town.name,
        name_en=town.name_en,
        phone=town.phone,
        utc_offset_minutes=town.utc_offset_minutes,
        pass_issuers={issuer: text(opened.signer(at.ISSUER_KEY).public)},
    )
    with store.reading(centre.engine) as connection:
        said = reconcile.statement(connection, TOWN_KEY).fact
    if said != statement:
        centre.registrar.town(statement)


def _make_twin_key(opened: Folder) -> None:
    """Make the key that opens twins, in a centre that has none: one of an earlier version, or one that lost it."""
    path = opened.path / at.KEYS_FOLDER / at.TWIN_KEY
    if not path.exists():
        key = X25519PrivateKey.generate()
        write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _say_twin_key(centre: Centre, opened: Folder) -> None:
    statement = TwinKey(twin.ALG, text(opened.twin_key().public_key().public_bytes_raw()))
    with store.reading(centre.engine) as connection:
        said = reconcile.statement(connection, TWIN_KEY).fact
    if said != statement:
        centre.registrar.say([statement])
