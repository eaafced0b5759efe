"""A town of ten thousand residents, their files sealed: what it takes to find somebody, against opening files alone."""

import time
from datetime import date, timedelta
from typing import Final

from bench.report import rate, row, title
from central.residents.finding import doubles, find
from central.residents.person import Person
from central.residents.sealing import KEY_BYTES, Keyring
from drivers.entropy.system import Driver as Entropy

RESIDENTS: Final = 10_000
AIM_S: Final = 1.0
_FAMILY: Final = (
    "タカハシ",
    "サトウ",
    "ワタナベ",
    "ハセガワ",
    "オオタニ",
    "シミズ",
    "ヨシダ",
    "キョウゴク",
    "ミヤモト",
    "ウエノ",
)
_GIVEN: Final = "ハナコ", "タロウ", "ジロウ", "ミツバ", "シキ", "ヨウコ", "ケンイチ", "サクラ", "ノボル", "ユウ"


def measure() -> None:
    title(f"Registration: {RESIDENTS:,} files, each sealed by itself (AES-256-GCM); processor time")
    dice = Entropy()
    ring = Keyring({1: dice.bytes(KEY_BYTES)})
    people = [_person(number) for number in range(RESIDENTS)]
    began = time.process_time()
    sealed = {f"{number:032x}": ring.seal(f"{number:032x}", 1, person, dice) for number, person in enumerate(people)}
    closed = time.process_time() - began
    began = time.process_time()
    files = {holder: ring.unseal(holder, 1, body) for holder, body in sealed.items()}
    opened = time.process_time() - began
    began = time.process_time()
    found = find(files, "たかはし", people[10].birth)
    looked = time.process_time() - began
    began = time.process_time()
    doubles(files)
    paired = time.process_time() - began
    if list(files.values()) != people or not found:
        raise RuntimeError("not everybody came back")
    row("sealed", rate(RESIDENTS / closed), f"{closed:.2f} s for all, as for a new key")
    row("opened", rate(RESIDENTS / opened), f"{opened:.2f} s for all: what a search costs before it searches")
    row("searched by the reading and the birthday", f"{looked:.2f} s")
    row("searched for doubles", f"{paired:.2f} s")
    row("a search in all", f"{opened + looked:.2f} s", f"aim {AIM_S:.0f} s")
    row("on the disk", f"{sum(map(len, sealed.values())) / 1e6:.1f} MB")


def _person(number: int) -> Person:
    kana = f"{_FAMILY[number % 10]} {_GIVEN[number // 10 % 10]}"
    birth = date(1930, 1, 1) + timedelta(days=number * 3)
    return Person("架空\u3000花子", kana, f"灯台町大字上町{number}番地", birth, "2", "076-555-0101")
