"""What a unit says became of an offer: by its image, by what root noted of the last update, and by nothing else."""

import pytest
from msgspec.structs import replace

from appliance.offers import became
from appliance.updates import Note, Refused, Settings, Stage
from drivers.boot import Slot
from sync.symptoms import Why
from sync.updates import Hours, Offered, OfferState
from sync.updates import Stage as Told

NAME, RUNS, NEXT = "machitap-pi-4-tap", "0.1.0", "0.2.0"
IMAGE = Settings({"make": "pi"}, NAME, RUNS, "0.1.0")
OFFER = Offered("lib01", 7, OfferState.OPEN, NEXT, NAME, "ab" * 32, 9, Hours(0, 0))
NOTE = Note(Stage.TRYING, Slot.B, NEXT, RUNS, 1, offer=7)


def told(offer: Offered = OFFER, image: Settings = IMAGE, note: Note | None = None, about: str = "") -> tuple[str, str]:
    found = became(offer, image, note, Refused(7, about) if about else None)
    assert found is None or (found.number, found.version) == (offer.number, offer.version)
    return (found.stage, found.why) if found else ("", "")


def test_an_offer_that_fits_is_still_to_be_dealt_with() -> None:
    assert told() == ("", "")
    assert told(note=replace(NOTE, stage=Stage.BACK, offer=6, why=Why.READER)) == ("", ""), "that was another offer"
    assert told(offer=replace(OFFER, number=8), about="signature") == ("", ""), "and so was this"
    assert told(note=replace(NOTE, stage=Stage.WRITING)) == ("", "")


@pytest.mark.parametrize(
    ("stage", "why", "expected"),
    [
        (Stage.TRYING, None, (Told.TRYING, "")),
        (Stage.LOOKING, None, (Told.TRYING, "")),
        (Stage.KEPT, None, (Told.KEPT, "")),
        (Stage.BACK, Why.NOT_STARTED, (Told.BACK, "not-started")),
    ],
)
def test_what_root_has_noted_of_it_is_told(stage: Stage, why: Why | None, expected: tuple[str, str]) -> None:
    assert told(note=replace(NOTE, stage=stage, why=why)) == expected


def test_what_runs_already_is_kept_unless_it_is_on_trial() -> None:
    assert told(image=replace(IMAGE, version=NEXT)) == (Told.KEPT, "")
    by_hand = replace(NOTE, offer=0, stage=Stage.LOOKING)
    assert told(image=replace(IMAGE, version=NEXT), note=by_hand) == (Told.TRYING, "")


@pytest.mark.parametrize(
    ("offer", "image", "about"),
    [
        (replace(OFFER, compatible="machitap-pi-4-kiosk"), IMAGE, "compatible"),
        (replace(OFFER, version="0.0.9"), IMAGE, "floor"),
        (replace(OFFER, version="0.1.5"), replace(IMAGE, version="0.1.7"), "older"),
        (replace(OFFER, version="next"), IMAGE, "version"),
        (OFFER, Settings(), "slots"),
    ],
)
def test_what_can_be_foreseen_is_refused_before_it_is_fetched(offer: Offered, image: Settings, about: str) -> None:
    assert told(offer, image) == (Told.REFUSED, about)


def test_what_root_has_refused_stays_refused() -> None:
    assert told(about="signature") == (Told.REFUSED, "signature")
