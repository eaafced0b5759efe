"""Who lives in the demo town, and which card each of them carries. Nobody here exists."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from drivers.card.sim.plan import Fault, Kind, Plan


class Resident(msgspec.Struct, frozen=True):
    """A person and a card. `enrolled`: the card is learned at the desk, by its face application."""

    name: str
    about: str
    en: str
    plan: Plan
    enrolled: bool = False


def _serial(number: int) -> str:
    return f"99{number:013d}"


_MALE: Final = "1"  # ISO/IEC 5218; a plan that says nothing is of a woman
_NO_PASS: Final = frozenset({Fault.NO_PASS})

RESIDENTS: Final[Mapping[str, Resident]] = {
    "hanako": Resident(
        "花子", "78歳・町のパス入り", "Hanako, 78: town pass", Plan(serial=_serial(1), birth=date(1948, 4, 1))
    ),
    "taro": Resident(
        "太郎", "81歳・町のパス入り", "Taro, 81: town pass", Plan(serial=_serial(2), birth=date(1945, 1, 12), sex=_MALE)
    ),
    "yui": Resident("ゆい", "8歳・町のパス入り", "Yui, 8: town pass", Plan(serial=_serial(3), birth=date(2018, 6, 30))),
    "ken": Resident(
        "健", "34歳・町のパス入り", "Ken, 34: town pass", Plan(serial=_serial(4), birth=date(1992, 9, 9), sex=_MALE)
    ),
    "misaki": Resident(
        "美咲", "29歳・町のパス入り", "Misaki, 29: town pass", Plan(serial=_serial(5), birth=date(1997, 3, 3))
    ),
    "sadao": Resident(
        "貞夫",
        "90歳・町のパス入り",
        "Sadao, 90: town pass",
        Plan(serial=_serial(6), birth=date(1936, 8, 15), sex=_MALE),
    ),
    "fumi": Resident(
        "ふみ", "67歳・町のパス入り", "Fumi, 67: town pass", Plan(serial=_serial(7), birth=date(1959, 11, 23))
    ),
    "akira": Resident(
        "明", "52歳・町のパス入り", "Akira, 52: town pass", Plan(serial=_serial(8), birth=date(1974, 5, 5), sex=_MALE)
    ),
    "kei": Resident(
        "恵",
        "41歳・パスなし、窓口で登録",
        "Kei, 41: no pass, learned at the desk",
        Plan(serial=_serial(9), birth=date(1985, 4, 1), faults=_NO_PASS),
        enrolled=True,
    ),
    "guest": Resident(
        "旅の人",
        "未登録のマイナンバーカード",
        "A traveller: a card not registered here",
        Plan(serial=_serial(20), faults=_NO_PASS),
    ),
    "expired": Resident(
        "期限切れ",
        "有効期限の切れたカード",
        "A card past its date",
        Plan(serial=_serial(21), faults=frozenset({Fault.EXPIRED})),
    ),
    "copy": Resident(
        "写し",
        "鍵のない、にせのカード",
        "A forged copy, without the key",
        Plan(serial=_serial(22), faults=frozenset({Fault.FORGED_KEY})),
    ),
    "transit": Resident("交通系", "交通系ICカード", "A transit card", Plan(serial=_serial(23), kind=Kind.TRANSIT)),
}

REGISTERED: Final = tuple(
    key for key, one in RESIDENTS.items() if one.plan.kind is Kind.MY_NUMBER and (one.enrolled or not one.plan.faults)
)
"""Those who are known here, and served."""


def write_cards(folder: Path, pki: Path) -> dict[str, Path]:
    """Write each resident's card as a file that `machi card emulate` takes too; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for key, one in RESIDENTS.items():
        plan = msgspec.structs.replace(one.plan, pki=str(pki.absolute()), name=f"架空\u3000{one.name}")
        files[key] = folder / f"{key}.json"
        files[key].write_bytes(msgspec.json.encode(plan))
    return files
