"""The shop's code that a phone reads: a sticker that stays, or one bill with its amount on the counter's screen.

Arithmetic: from what the town calls itself and its places to `codes.mpm`, which has the form.
"""

import re
from typing import Final

import msgspec

from programs.coin.codes import mpm
from sync.facts import PlaceNamed, Town

UNKNOWN_CATEGORY: Final = "0000"  # the office does not say what is sold at a place

LABEL_CHARS: Final = 25  # so much of a bill's name, and of a unit's, goes into a code

_NAME_CHARS, _CITY_CHARS = 25, 15
_TIMED: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{8})-[0-9a-f]{7}")


def sticker(network: str, town: Town, place: PlaceNamed, category: str = UNKNOWN_CATEGORY) -> str:
    """Return what a shop's sticker says: whom to pay; the payer types how much.

    Raises:
        CodeError: something cannot be said in it.
    """
    return mpm.write(_shop(town, place, category), network)


def bill(network: str, town: Town, place: PlaceNamed, yen: int, name: str, unit: str) -> str:
    """Return what a code for one payment says.

    Args:
        name: names this bill, and no other.
        unit: the counter at which it was made out.

    Raises:
        CodeError: something cannot be said in it.
    """
    shop = _shop(town, place, UNKNOWN_CATEGORY)
    once = msgspec.structs.replace(shop, yen=yen, bill=name[:LABEL_CHARS], terminal=unit[:LABEL_CHARS])
    return mpm.write(once, network)


def good_until_s(code: mpm.Code) -> int:
    """Return until when the counter that shows a bill waits for it (Unix seconds); 0 where it does not say so."""
    found = _TIMED.fullmatch(code.bill)
    return int(found[1], 16) if found else 0


def _shop(town: Town, place: PlaceNamed, category: str) -> mpm.Code:
    name_ja = _cut(place.name, _NAME_CHARS)
    return mpm.Code(
        place=place.place,
        category=category,
        name=_latin(place.name_en, _NAME_CHARS) or place.place[:_NAME_CHARS],
        city=_latin(town.name_en, _CITY_CHARS) or "JAPAN",
        name_ja=name_ja,
        city_ja=_cut(town.name, _CITY_CHARS) if name_ja else "",
    )


def _latin(name: str, most: int) -> str:
    """Return a name in the letters that every reader has, or nothing if it has others."""
    return _cut(name, most) if name.isascii() else ""


def _cut(name: str, most: int) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:most].strip()
