"""A map of the town, drawn as SVG from a GeoJSON file (RFC 7946) that the office brings; nothing is fetched for it.

A point that names a place (`properties.place`) says where it is; lines and areas are drawn below: roads, a coast, the
border. Decided without disk or database.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from central.console.fleet import FleetLine
from central.worded import WordedError

BYTES_MAX: Final = 1 << 20
POINTS_MAX: Final = 5_000
WIDTH: Final = 640.0
SMALL: Final = 360.0
"""The width of a drawing that has a page's corner, for letters of the same size."""

_MARGIN: Final = 48.0
_TALLEST: Final = 1.2
_AXES: Final = 2
_DIGITS: Final = 5  # of a degree: a metre
_SAME: Final = 1e-4  # degrees; a town is larger
RADIUS: Final = 11.0  # of a mark
_LETTER: Final = 16.0
_ABOVE, _BELOW = -17.0, 32.0  # where a label's letters stand, from the middle of its mark

Spot = tuple[float, float]


class MapError(WordedError):
    """The file is no map: Japanese and English."""


class TownMap(msgspec.Struct, frozen=True):
    """Where places are, and what is drawn below them; longitude and latitude in degrees (WGS 84)."""

    places: dict[str, Spot] = {}
    lines: tuple[tuple[Spot, ...], ...] = ()


class _Geometry(msgspec.Struct, frozen=True):
    type: str
    coordinates: Any = None


class _Feature(msgspec.Struct, frozen=True):
    geometry: _Geometry | None = None
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct, frozen=True):
    type: str
    features: list[_Feature] = []


class Mark(msgspec.Struct, frozen=True):
    """A place on the drawing.

    Attributes:
        name: how its worst unit stands.
        label: only where somebody is needed; `label_y`: on which line its letters stand.
    """

    x: float
    y: float
    name: str
    symbol: str
    place: str
    label: str
    label_y: float


class Drawing(msgspec.Struct, frozen=True):
    """What the page draws. `paths`: SVG path data; `missing`: places with units that are nowhere on the map."""

    width: float
    height: float
    paths: tuple[str, ...]
    marks: tuple[Mark, ...]
    missing: tuple[str, ...]


def read_map(raw: bytes) -> TownMap:
    """Read a GeoJSON FeatureCollection.

    Raises:
        MapError: it is none, it is too large, or it has no place in it.
    """
    if len(raw) > BYTES_MAX:
        raise MapError("ファイルが大きすぎます(1 MiB まで)。", "the file is too large: 1 MiB at most")
    try:
        collection = msgspec.json.decode(raw, type=_Collection)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MapError("GeoJSON として読めません。", f"this is no GeoJSON: {error}") from error
    if collection.type != "FeatureCollection":
        raise MapError("FeatureCollection ではありません。", "this is no FeatureCollection")
    places: dict[str, Spot] = {}
    lines: list[tuple[Spot, ...]] = []
    for feature in collection.features:
        if feature.geometry is None:
            continue
        place = str((feature.properties or {}).get("place") or "")
        if feature.geometry.type == "Point":
            if place:
                places[place] = _spot(feature.geometry.coordinates)
        else:
            lines += _lines(feature.geometry.coordinates)
    if not places:
        raise MapError(
            "場所がありません。点に properties.place(machi central place の名前)を付けてください。",
            "there is no place in it: give points the property `place`, as in machi central place",
        )
    if sum(map(len, lines)) + len(places) > POINTS_MAX:
        raise MapError(f"点が多すぎます({POINTS_MAX:,} まで)。", f"too many points: {POINTS_MAX} at most; simplify it")
    return TownMap(places, tuple(lines))


def _spot(found: Any) -> Spot:
    if (
        not isinstance(found, list)
        or not all(_is_number(one) for one in found[:2])
        or len(found[:2]) != len(("x", "y"))
    ):
        raise MapError("座標が読めません。", f"these are no coordinates: {str(found)[:60]}")
    longitude, latitude = float(found[0]), float(found[1])
    if not (-180 <= longitude <= 180 and -85 <= latitude <= 85):  # noqa: PLR2004 - degrees
        raise MapError("座標が地球の外です。経度、緯度の順に書きます。", "not on the map: longitude comes first")
    return round(longitude, _DIGITS), round(latitude, _DIGITS)


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)


def _lines(found: Any) -> Iterator[tuple[Spot, ...]]:
    """Return the lines in coordinates of any depth: a line, several, an area with holes, several areas."""
    if not isinstance(found, list) or not found:
        return
    if isinstance(found[0], list) and found[0] and isinstance(found[0][0], list):
        for each in found:
            yield from _lines(each)
    elif isinstance(found[0], list):
        yield tuple(_spot(one) for one in found)


def drawing(town: TownMap, lines: Sequence[FleetLine], width: float = WIDTH) -> Drawing | None:
    """Draw where units are, the ones that need somebody last, so that nothing hides them; None without a map."""
    if not town.places:
        return None
    at = _projection(town, width)
    by_place: dict[str, FleetLine] = {}
    for one in lines:  # the neediest first
        by_place.setdefault(one.unit.place, one)
    spots = {place: at(town.places[place]) for place in by_place if place in town.places}
    marks = [_mark(by_place[place], spot, spots.values()) for place, spot in spots.items()]
    missing = [one.unit.place_name for place, one in by_place.items() if place not in town.places]
    bottom = max(y for _, y in map(at, _spots(town)))
    paths = tuple("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in map(at, line)) for line in town.lines)
    return Drawing(width, round(bottom + _MARGIN, 1), paths, tuple(reversed(marks)), tuple(missing))


def _mark(one: FleetLine, spot: Spot, spots: Iterable[Spot]) -> Mark:
    label = one.unit.place_name if one.standing.name == "need" else ""
    x, y = (round(each, 1) for each in spot)
    label_y = round(y + (_BELOW if _is_in_the_way(label, spot, spots) else _ABOVE), 1)
    return Mark(x, y, one.standing.name, one.standing.symbol, one.unit.place_name, label, label_y)


def _is_in_the_way(label: str, spot: Spot, spots: Iterable[Spot]) -> bool:
    """Tell whether a label above its mark would lie on another mark."""
    across, up = len(label) * _LETTER / 2 + RADIUS, _LETTER - _ABOVE + RADIUS
    return any(abs(x - spot[0]) < across and -_ABOVE - RADIUS < spot[1] - y < up for x, y in spots)


def _spots(town: TownMap) -> list[Spot]:
    return [*town.places.values(), *(spot for line in town.lines for spot in line)]


def _projection(town: TownMap, width: float) -> Callable[[Spot], Spot]:
    """Return what puts a spot on the drawing: north is up, a kilometre is as long to the east as to the north."""
    spots = _spots(town)
    west, east = min(x for x, _ in spots), max(x for x, _ in spots)
    south, north = min(y for _, y in spots), max(y for _, y in spots)
    squeezed = math.cos(math.radians((south + north) / 2))
    across, up = max((east - west) * squeezed, _SAME), max(north - south, _SAME)
    inside = width - 2 * _MARGIN
    scale = min(inside / across, inside * _TALLEST / up)
    left = (width - (east - west) * squeezed * scale) / 2

    def at(spot: Spot) -> Spot:
        return left + (spot[0] - west) * squeezed * scale, _MARGIN + (north - spot[1]) * scale

    return at


# ---- how it is remembered


_READ: Final = msgspec.json.Decoder(TownMap)
SETTING: Final = "map of the town"


def kept(town: TownMap) -> str:
    """Return what is remembered of a map."""
    return msgspec.json.encode(town).decode()


def recalled(text: str | None) -> TownMap:
    """Undo `kept`; a map without places, if none was."""
    return _READ.decode(text) if text else TownMap()
