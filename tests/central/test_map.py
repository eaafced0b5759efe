"""A map of the town: what is read of a GeoJSON file, what is refused, and where things are drawn."""

import itertools
import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from central import settings, store
from central.centre import open_centre
from central.cli import central
from central.console.fleet import fleet
from central.console.moment import Moment
from central.console.town_map import (
    BYTES_MAX,
    POINTS_MAX,
    RADIUS,
    SETTING,
    SMALL,
    WIDTH,
    Drawing,
    MapError,
    TownMap,
    drawing,
    read_map,
    recalled,
)
from central.console.troubles import Seen, troubles
from central.found import Plan, found
from central.world import SystemClock, SystemEntropy
from sync.facts import PlaceNamed, UnitState
from sync.symptoms import Grade, Symptom, What
from tests.central.test_troubles import NOW, WORDS, unit

EXAMPLE = Path(__file__).parents[2] / "demo" / "places.geojson"


def geojson(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def at(place: str, longitude: object = 137.56, latitude: object = 36.94) -> object:
    return feature("Point", [longitude, latitude], place=place)


def feature(kind: str, coordinates: object, **properties: object) -> object:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


RING = [[137.5, 36.9], [137.6, 36.9], [137.6, 37.0], [137.5, 36.9]]


def test_places_are_read_and_what_lies_below_them() -> None:
    town = read_map(EXAMPLE.read_bytes())
    assert sorted(town.places) == ["bus", "fishshop", "hall", "library"]
    assert town.places["library"] == (137.562, 36.943)
    assert [len(line) for line in town.lines] == [5, 4]
    assert recalled(msgspec.json.encode(town).decode()) == town


@pytest.mark.parametrize(
    ("kind", "coordinates", "lines"),
    [
        ("LineString", RING, 1),
        ("Polygon", [RING, RING], 2),
        ("MultiPolygon", [[RING, RING], [RING]], 3),
        ("Polygon", [], 0),
    ],
)
def test_lines_and_areas_of_every_depth(kind: str, coordinates: object, lines: int) -> None:
    assert len(read_map(geojson(at("library"), feature(kind, coordinates))).lines) == lines


def test_what_is_none_of_ours_is_left_alone() -> None:
    stranger = feature("Point", [137.5, 36.9], name="Tower")
    nowhere = {"type": "Feature", "properties": None, "geometry": None}
    assert list(read_map(geojson(at("library"), stranger, nowhere)).places) == ["library"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"type":"Feature"}',
        geojson(),
        geojson(feature("Point", [1, 2], name="no place")),
        geojson(at("library", 36.94, 137.56)),
        geojson(at("library", "137", 36.9)),
        geojson(at("library", True, 36.9)),
        geojson(feature("Point", [137.5], place="library")),
        geojson(feature("Point", None, place="library")),
        geojson(at("library"), feature("LineString", [[1, 2], ["x", 3]])),
        geojson(at("library"), *([feature("LineString", [[1, 2]] * POINTS_MAX)])),
        b" " * (BYTES_MAX + 1),
    ],
    ids=range(14),
)
def test_what_is_no_map_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(MapError) as error:
        read_map(raw)
    ja, _, en = str(error.value).partition("\n")
    assert ja
    assert en


def drawn(town: TownMap, width: float = WIDTH) -> Drawing:
    gone = (Symptom(What.READER_GONE, Grade.ACT),)
    units = [unit("lib01", place="library"), unit("lib02", place="library", symptoms=gone, place_name="図書館")]
    units += [unit("hall01", place="hall", place_name="町役場"), unit("old01", place="old", state=UnitState.CLOSED)]
    units += [unit("park01", place="park", place_name="公園")]
    seen, moment = Seen(units), Moment(NOW, 540)
    sorted_ = fleet(seen, troubles(seen, moment, WORDS), moment)
    shown = drawing(town, [*sorted_.needs, *sorted_.late, *sorted_.well], width)
    assert shown
    return shown


def test_a_place_is_as_its_neediest_unit_and_lies_above_the_others() -> None:
    shown = drawn(TownMap({"library": (137.5, 36.9), "hall": (137.6, 37.0)}))
    marks = shown.marks
    assert [(mark.place, mark.name, mark.label) for mark in marks] == [
        ("町役場", "ok", ""),
        ("図書館", "need", "図書館"),
    ]
    library, hall = marks[1], marks[0]
    assert library.x < hall.x
    assert library.y > hall.y, "north is up"
    assert shown.missing == ("公園",)


def test_a_name_stands_above_its_mark_and_below_it_where_it_would_hide_another() -> None:
    apart, near = {"library": (137.5, 36.9), "hall": (137.6, 37.0)}, {"library": (137.5, 36.9), "hall": (137.5, 36.91)}
    for hall, place in ((apart, -1), (near, 1)):
        library = drawn(TownMap(hall | {"park": (137.7, 36.7)}), SMALL).marks[-1]
        assert library.label == "図書館"
        assert (library.label_y - library.y) * place > RADIUS


def test_without_a_map_nothing_is_drawn() -> None:
    assert drawing(TownMap(), []) is None


SPOTS = st.tuples(st.floats(-180, 180), st.floats(-85, 85))


@given(st.lists(SPOTS, min_size=1, max_size=6), st.sampled_from((WIDTH, SMALL)))
def test_whatever_the_places_are_they_lie_on_the_drawing(spots: list[tuple[float, float]], width: float) -> None:
    places = dict(zip(("library", "hall", "park", "a", "b", "c"), spots, strict=False))
    shown = drawn(TownMap(places, (tuple(spots),)), width)
    assert shown.width == width
    for mark in shown.marks:
        assert -1 <= mark.x <= width + 1
        assert -1 <= mark.y <= shown.height + 1


def test_a_kilometre_is_as_long_to_the_east_as_to_the_north() -> None:
    north, east = 1 / 111.2, 1 / (111.2 * 0.8)  # at 36.87 degrees
    here = (137.5, 36.87)
    places = {"library": here, "hall": (here[0] + 10 * east, here[1]), "park": (here[0], here[1] + 10 * north)}
    marks = {mark.place: mark for mark in drawn(TownMap(places)).marks}
    across = marks["町役場"].x - marks["図書館"].x
    up = marks["図書館"].y - marks["公園"].y
    assert across == pytest.approx(up, rel=0.02)


def test_the_command_takes_a_map_and_takes_it_away(tmp_path: Path) -> None:
    folder, world = tmp_path / "town", (SystemClock(), SystemEntropy())
    found(folder, Plan("todai", "灯台町", "Todai", "00", 8443, ("localhost",), 8080), *world)
    centre = open_centre(folder, *world)

    def run(*words: object) -> tuple[int, str]:
        result = CliRunner().invoke(central, ["map", str(folder), *map(str, words)])
        return result.exit_code, result.output

    def kept() -> TownMap:
        with store.reading(centre.engine) as connection:
            return recalled(settings.get(connection, SETTING))

    code, said = run(EXAMPLE)
    assert (code, "bus, fishshop, hall, library" in said) == (4, True), said
    for place in ("bus", "fishshop", "hall", "library"):
        centre.registrar.place(PlaceNamed(place, place, place, place))  # not added up yet: nobody serves
    assert run(EXAMPLE)[0] == 0
    assert len(kept().places) == 4
    broken = tmp_path / "broken.geojson"
    broken.write_bytes(b"{}")
    assert run(broken)[0] == 6
    assert run()[0] == run(EXAMPLE, "--off")[0] == 2
    assert len(kept().places) == 4
    assert run("--off")[0] == 0
    assert kept() == TownMap()


def test_every_unit_is_in_one_part_of_the_fleet() -> None:
    states = itertools.product(
        (0, 10**6, 10**9), (UnitState.ACTIVE, UnitState.CLOSED), ((), (Symptom(What.HOT, Grade.ACT, 9),))
    )
    units = [unit(f"u{n}", ago, state=state, symptoms=ill) for n, (ago, state, ill) in enumerate(states)]
    seen, moment = Seen([*units, unit("new", contact_ms=None)]), Moment(NOW, 540)
    sorted_ = fleet(seen, troubles(seen, moment, WORDS), moment)
    parts = [{one.unit.name for one in part} for part in (sorted_.needs, sorted_.late, sorted_.well, sorted_.closed)]
    assert sum(map(len, parts)) == len(seen.units)
    assert set.union(*parts) == {one.name for one in seen.units}
    assert "new" in parts[1]
