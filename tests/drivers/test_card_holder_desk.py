"""`machi card holder`: one card says whose it is and which it is, and the centre's desk reads what was printed."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from central.reading import CardReading, ReadingError, read_holder, read_reading
from drivers.card import holder, trust_folder
from drivers.card.desk import Desk
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.others import VirtualCard
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.clock.sim import Driver as Clock
from drivers.entropy.sim import Driver as Entropy
from drivers.reader import Field

CODE, WRONG = "60040120940000", "60040120940001"
Lay = Callable[..., Field]


@pytest.fixture(scope="module")
def trusted(pki: TestPki) -> Path:
    return pki.write_trust()


def said(lay: Lay, card: VirtualCard, trusted: Path, secret: str = CODE, *, learn: bool = False) -> holder.HolderReport:
    trust = trust_folder.load(trusted)
    return holder.read(lay(card), secret, trust, Clock(), Entropy(), learn=trusted if learn else None)


def test_one_touch_says_whose_card_it_is_and_which(hanako: IsoCard, lay: Lay, trusted: Path) -> None:
    report = said(lay, hanako, trusted)
    read = read_holder(msgspec.json.encode(report))
    assert (read.name, read.address, read.birth, read.sex) == (
        *("架空　花子", "架空県試験市一丁目２番３号", date(1985, 4, 1)),
        "2",
    )
    alone = Desk(trust_folder.load(trusted), Clock(), Entropy()).read(
        lay(hanako), None, spend_last_try=False, trace=False
    )
    assert read.card == read_reading(msgspec.json.encode(alone))
    assert isinstance(read.card, CardReading)
    assert "花子" not in f"{report!r} {read!r}"


def test_a_card_without_a_pass_is_learned_by_the_birthday_that_it_said(pki: TestPki, lay: Lay, trusted: Path) -> None:
    card = make(Plan(serial="990000000000777", faults=frozenset({Fault.NO_PASS})), pki)
    assert isinstance(card, IsoCard)
    assert read_holder(msgspec.json.encode(said(lay, card, trusted))).card is None, "it proved nothing yet"
    learned = read_holder(msgspec.json.encode(said(lay, card, trusted, learn=True))).card
    assert learned
    assert (learned.profile, bool(learned.index), bool(learned.face)) == ("face", True, True)


def test_a_card_with_a_pass_is_not_learned_too_for_it_would_have_two_names(
    hanako: IsoCard, lay: Lay, trusted: Path
) -> None:
    learned = read_holder(msgspec.json.encode(said(lay, hanako, trusted, learn=True))).card
    assert learned
    assert (learned.profile, learned.face) == ("pass", "")


def test_a_card_that_has_run_out_says_nothing_of_anybody_and_is_not_learned(
    pki: TestPki, lay: Lay, trusted: Path
) -> None:
    plan = Plan(serial="990000000000778", faults=frozenset({Fault.NO_PASS, Fault.EXPIRED}))
    before = set(trusted.rglob("*"))
    for secret in (CODE, WRONG):
        report = said(lay, make(plan, pki), trusted, secret, learn=True)
        assert (report.reason, report.attributes, report.card) == ("expired", None, None)
        assert report.tries_left is None, "it was shown nothing"
    assert set(trusted.rglob("*")) == before


def test_another_card_is_called_what_it_is(pki: TestPki, lay: Lay, trusted: Path) -> None:
    for kind, called in ((Kind.LICENCE, "licence"), (Kind.ANDROID, "phone"), (Kind.EMPTY, "other")):
        report = said(lay, make(Plan(kind=kind), pki), trusted)
        assert (report.reason, report.kind) == ("other_card", called)


@pytest.mark.parametrize(("secret", "reason"), [("60040120940001", "pin_wrong"), ("12345", "pin_format")])
def test_a_wrong_secret_is_said_and_is_nobodys_registration(
    hanako: IsoCard, lay: Lay, trusted: Path, secret: str, reason: str
) -> None:
    report = said(lay, hanako, trusted, secret)
    assert (report.ok, report.reason, report.attributes) == (False, reason, None)
    with pytest.raises(ReadingError, match="did not say"):
        read_holder(msgspec.json.encode(report))


def test_another_document_is_no_holder() -> None:
    for raw in (b"", b"{}", b'{"schema":"machi.card/1","ok":true,"words":""}'):
        with pytest.raises(ReadingError):
            read_holder(raw)


def test_the_personal_number_is_out_of_reach_also_here(hanako: IsoCard, lay: Lay, trusted: Path) -> None:
    """照合番号A is the number itself: twelve digits are not sent."""
    report = said(lay, hanako, trusted, "123456789012")
    assert report.reason == "pin_format"
