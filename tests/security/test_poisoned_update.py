"""What changes how a unit decides, forged, old, mixed or cut short: the town's words, whom to trust, who is revoked.

Updates of the system itself are in tests/updates.
"""

import contextlib
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.inbox import StrangeError
from drivers.card import CardError, ForgedCardError, TrustError, UnknownIssuerError
from drivers.card.jpki import crl
from drivers.card.sim.pki import TestPki
from drivers.card.trust_folder import load, save
from simulation.centre import open_sim_centre
from simulation.unit import SimUnit
from sync import chain
from sync.facts import CardSet, CardState
from sync.segment import Segment, from_text, to_text
from tests.appliance.uplink.conftest import all_said
from tests.security.conftest import Place

ROW = pytest.mark.threat("poisoned update")
CARD = "0c" * 16

pytestmark = pytest.mark.usefixtures("power_cuts")


# ---------------------------------------------------------------------------------------------- the town's words


def state_of(unit: SimUnit) -> tuple[object, ...]:
    """Return what a unit decides by."""
    directory, journal = unit.running.directory, unit.running.opened.journal
    told = journal.select("SELECT writer, boot, seq, hash FROM stream ORDER BY n")
    return directory.town(), directory.here(), directory.order(), directory.card(CARD), told


def by_another_town(town: Place, _unit: SimUnit) -> Segment:
    other = open_sim_centre(town.clock, "elsewhere")
    other.registrar.set_card(CARD, CardState.ACTIVE)
    said = all_said(other)
    other.engine.dispose()
    return said


def by_a_unit(town: Place, unit: SimUnit) -> Segment:
    news = _news(town)
    return msgspec.structs.replace(news, seal=chain.seal(unit.keystore, news.hashes()[-1]))


def for_another_unit(town: Place, _unit: SimUnit) -> Segment:
    town.unit("bus01")
    (said, *_) = town.centre.intake.stream(town.unit("bus02").peer, "bus02", [], 100)
    return said


def with_another_end(town: Place, _unit: SimUnit) -> Segment:
    """The beginning of one segment, and the end and the signature of another."""
    news = _news(town)
    town.centre.registrar.set_card("0d" * 16, CardState.ACTIVE)
    later = all_said(town.centre)
    return msgspec.structs.replace(news, bodies=(*news.bodies[:-1], later.bodies[-1]), seal=later.seal)


def without_its_middle(town: Place, _unit: SimUnit) -> Segment:
    news = _news(town)
    return msgspec.structs.replace(news, bodies=(*news.bodies[:-2], news.bodies[-1]))


def signed_for_something_else(town: Place, _unit: SimUnit) -> Segment:
    """With the town's own key, but as it signs its answers and not as it signs its journal."""
    news = _news(town)
    seal = town.centre.town.signer.sign(b"machitap/holdings/1\0" + news.hashes()[-1])
    return msgspec.structs.replace(news, seal=seal)


def _news(town: Place) -> Segment:
    for state in (CardState.STOPPED, CardState.ACTIVE):
        town.centre.registrar.set_card(CARD, state)
    return all_said(town.centre)


@pytest.mark.threat(
    "poisoned update",
    control="What the town says to its units is a chain that it signs: forged, mixed, cut or older words are refused "
    "whole, and change nothing. Lists of revoked certificates are believed by their authority's signature only. A "
    "trust folder or a database that is not as it should be is refused at the start. Packages are installed by their "
    "hashes. An update of the system is a bundle with a signature; another one is refused before anything is written. "
    "One that the centre offers must also have the bytes that the town has signed, and goes out ring by ring.",
    residual="Whoever has the key that signs updates, or the card itself, can have a unit run anything: no board's "
    "boot is signed. Updates are tried on files, not on a board (docs/updates.md). An old list of revoked certificates "
    "that somebody lays into trust/ is used, and says how old it is. trust/ itself is not signed: it is the "
    "technician's.",
)
@pytest.mark.parametrize(
    "forgery",
    [by_another_town, by_a_unit, for_another_unit, with_another_end, without_its_middle, signed_for_something_else],
    ids=lambda forgery: str(forgery.__name__),
)
def test_forged_and_mixed_words_are_refused_whole(town: Place, forgery: Callable[[Place, SimUnit], Segment]) -> None:
    unit = town.unit()
    unit.sync(town.road(unit.peer))
    poisoned = to_text(forgery(town, unit))
    before = state_of(unit)
    with pytest.raises(StrangeError):
        unit.running.hatch.take(poisoned)
    assert state_of(unit) == before
    assert unit.running.hatch.standing.strange, "and the office hears of it"
    unit.sync(town.road(unit.peer))
    assert unit.running.hatch.standing.strange == ""
    assert state_of(unit) != before or forgery in (by_another_town, for_another_unit), "the true words are taken"


@ROW
def test_words_that_are_cut_short_are_refused_wherever_they_end(town: Place) -> None:
    unit = town.unit()
    whole = to_text(_news(town))
    before = state_of(unit)
    for end in range(len(whole)):
        with pytest.raises(StrangeError):
            unit.running.hatch.take(whole[:end])
    assert state_of(unit) == before
    assert unit.running.hatch.take(whole) > 0


@ROW
def test_older_words_do_not_come_back(town: Place) -> None:
    """A card that was stopped, started and stopped again stays stopped, in whatever order the old words are played."""
    unit = town.unit()
    parts: list[bytes] = []
    for number in range(6):
        town.clock.advance(3600)
        town.centre.registrar.set_card(CARD, CardState.STOPPED if number % 2 else CardState.ACTIVE)
        packed = town.road(unit.peer).stream("town", unit.running.hatch.since()["town"])
        assert packed
        unit.sync(town.road(unit.peer))
        parts.append(to_text(all_said(town.centre)))
    stopped = state_of(unit)
    dice = random.Random(6)  # noqa: S311 - so that the same order comes again
    for part in dice.choices(parts, k=30):
        assert unit.running.hatch.take(part) == 0
    assert state_of(unit) == stopped
    known = unit.running.directory.card(CARD)
    assert known == CardSet(CARD, CardState.STOPPED)


@ROW
def test_a_town_that_says_two_things_under_one_number_is_not_followed(town: Place) -> None:
    """As when somebody has the town's key and an old copy of its books."""
    unit = town.unit()
    unit.sync(town.road(unit.peer))
    said = all_said(town.centre)
    other = said.bodies[-1].replace(b'"at":1', b'"at":2', 1)
    bodies = (*said.bodies[:-1], other)
    seal = chain.seal(town.centre.town.signer, chain.links(said.prev, bodies)[-1])
    before = state_of(unit)
    with pytest.raises(StrangeError, match="two things"):
        unit.running.hatch.take(to_text(msgspec.structs.replace(said, bodies=bodies, seal=seal)))
    assert state_of(unit) == before
    assert from_text(to_text(said)) == said


# ---------------------------------------------------------------------------------------------- who is revoked


@ROW
def test_a_forged_or_damaged_list_of_revoked_certificates_is_refused(pki: TestPki) -> None:
    own, stranger = pki.own.authentication, pki.stranger.authentication
    days = date(2026, 11, 1), date(2026, 12, 1)
    good = own.revoke({77: date(2026, 5, 5)}, *days).public_bytes(Encoding.DER)
    assert crl.load(good, [own.certificate]).authority == own.certificate
    with pytest.raises(ForgedCardError):
        crl.load(stranger.revoke({}, *days).public_bytes(Encoding.DER), [own.certificate])
    with pytest.raises(UnknownIssuerError):
        crl.load(pki.own.signing.revoke({}, *days).public_bytes(Encoding.DER), [own.certificate])
    believed: list[bytes] = []
    for at in range(len(good)):
        for bad in (good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], good[:at]):
            with contextlib.suppress(CardError):  # one byte, how many bits of the signature count, may mean nothing
                believed.append(crl.load(bad, [own.certificate]).crl.tbs_certlist_bytes)
    assert len(believed) <= 1
    assert set(believed) <= {x509.load_der_x509_crl(good).tbs_certlist_bytes}, "and then it says what it said"


# ---------------------------------------------------------------------------------------------- whom to trust


@ROW
def test_a_trust_folder_that_was_copied_by_halves_is_refused_by_name(pki: TestPki, tmp_path: Path) -> None:
    save(pki.trust(), tmp_path)
    load(tmp_path)
    files = [path for path in sorted(tmp_path.rglob("*")) if path.is_file() and path.suffix == ".pem"]
    assert len(files) >= 4
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(TrustError, match=path.name):
            load(tmp_path)
        path.write_bytes(whole)
    settings = tmp_path / "trust.toml"
    for mistake in ("prodution = true\n", 'order = ["pass", "anything"]\n', "production = \n"):
        settings.write_text(mistake)
        with pytest.raises(TrustError):
            load(tmp_path)


@ROW
def test_an_authority_that_is_not_pinned_is_refused(pki: TestPki, tmp_path: Path) -> None:
    save(pki.trust(), tmp_path)
    settings = tmp_path / "trust.toml"
    settings.write_text(settings.read_text().replace("jpki_pins = []", f'jpki_pins = ["{"AB" * 32}"]'))
    with pytest.raises(TrustError, match="not among jpki_pins"):
        load(tmp_path)
