"""Where the people of the fictional town touch, and when each place is used; days and hours by the town's calendar."""

from typing import Final

import msgspec

from sync.facts import PlaceNamed
from sync.months import month_of

_MORNING: Final = {8: 2, 9: 4, 10: 6, 11: 3}
_DAY: Final = {9: 3, 10: 6, 11: 4, 13: 4, 14: 6, 15: 5, 16: 4, 17: 2}
_EVENING: Final = {17: 2, 18: 4, 19: 6, 20: 3}
_SCHOOL: Final = {7: 9, 8: 3, 14: 1, 15: 6, 16: 5}
_BUS: Final = {7: 6, 8: 7, 9: 5, 10: 4, 12: 2, 14: 3, 15: 5, 16: 5, 17: 5}
_CLASS: Final = {9: 2, 10: 9, 13: 3}
_BATH: Final = {10: 2, 11: 2, 13: 2, 14: 4, 15: 5, 16: 5, 17: 4, 18: 4, 19: 3}

_WORKDAYS: Final = (5, 5, 5, 5, 5, 0, 0)
_ALL_WEEK: Final = (4, 4, 4, 4, 4, 6, 5)
_NO_MONDAY: Final = (0, 4, 5, 4, 4, 6, 6)
_NO_TUESDAY: Final = (4, 0, 4, 4, 5, 7, 7)

_LEVEL: Final = (10,) * 12
_SUMMER: Final = (7, 7, 8, 10, 11, 11, 13, 14, 11, 10, 9, 8)
_WINTER: Final = (13, 13, 12, 10, 9, 8, 8, 8, 9, 10, 11, 13)
_TERMS: Final = (8, 10, 9, 8, 11, 12, 7, 1, 11, 12, 11, 8)  # of a school


class Kind(msgspec.Struct, frozen=True):
    """A kind of place.

    Attributes:
        hours, weekdays, months: how much it is used then, from Monday and from January.
        share: of the touches of the town.
        both_ways: of the visits, on which somebody also touches on going.
        regulars: which share of the members uses such a place.
    """

    hours: dict[int, int]
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    share: float
    both_ways: float
    regulars: float

    def weight(self, day: int) -> int:
        return self.weekdays[(day + 3) % 7] * self.months[month_of(day) % 12]


_KINDS: Final = {
    "library": Kind(_DAY, _NO_MONDAY, _LEVEL, 9, 0.25, 0.35),
    "hall": Kind(_DAY, _WORKDAYS, _LEVEL, 7, 0.05, 0.6),
    "school": Kind(_SCHOOL, _WORKDAYS, _TERMS, 9, 0.85, 0.07),
    "bus": Kind(_BUS, _WORKDAYS, _WINTER, 6, 0.3, 0.18),
    "bath": Kind(_BATH, _NO_TUESDAY, _WINTER, 6, 0.1, 0.3),
    "class": Kind(_CLASS, _WORKDAYS, _LEVEL, 3, 0.5, 0.15),
    "clinic": Kind(_MORNING, _WORKDAYS, _WINTER, 5, 0.05, 0.3),
    "sports": Kind(_EVENING, _NO_MONDAY, _SUMMER, 4, 0.3, 0.12),
    "shop": Kind(_DAY, _ALL_WEEK, _LEVEL, 6, 0.02, 0.5),
    "museum": Kind(_DAY, _NO_MONDAY, _SUMMER, 1, 0.05, 0.08),
}

_NAMES: Final = (
    *(("library", "図書館", "Library"), ("hall", "町役場", "Town hall"), ("clinic", "総合病院", "Hospital")),
    *(("school", "あさひ小学校", "Asahi school"), ("school", "みなみ小学校", "Minami school")),
    *(("school", "中学校", "Middle school"), ("school", "学童クラブ", "After-school club")),
    *(("bus", "町バス1号車", "Bus 1"), ("bus", "町バス2号車", "Bus 2"), ("bus", "町バス3号車", "Bus 3")),
    *(("bath", "町民温泉", "Hot spring"), ("bath", "ふれあいの湯", "Public bath")),
    *(("class", "介護予防教室", "Care class"), ("class", "保健センター", "Health centre")),
    *(("class", "健康体操", "Gymnastics"), ("class", "お茶会", "Tea house")),
    *(("sports", "体育館", "Sports hall"), ("sports", "プール", "Pool"), ("sports", "サッカー教室", "Football")),
    *(("shop", "スーパー", "Supermarket"), ("shop", "道の駅", "Roadside station"), ("shop", "案内所", "Tourist desk")),
    *(
        ("hall", "中央公民館", "Central hall"),
        ("hall", "上町集会所", "Upper hall"),
        ("hall", "浜町集会所", "Beach hall"),
    ),
    *(("museum", "ふるさと美術館", "Museum"), ("museum", "埋蔵文化財館", "Archaeology"), ("hall", "山の家", "Cabin")),
)


class Place(msgspec.Struct, frozen=True):
    """A place with one unit."""

    name: PlaceNamed
    kind: Kind
    unit: str


def places() -> list[Place]:
    """Return all 28, each with its unit."""
    found = []
    for number, (kind, ja, en) in enumerate(_NAMES, 1):
        place = f"{kind}{number:02}"
        found.append(Place(PlaceNamed(place, ja, "", en), _KINDS[kind], f"unit{number:02}"))
    return found


def shops(count: int) -> list[PlaceNamed]:
    """Return so many shops."""
    return [
        PlaceNamed(f"store{number:02}", f"商店{number:02}", "", f"Shop {number:02}") for number in range(1, count + 1)
    ]
