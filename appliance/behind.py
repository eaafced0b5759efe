"""What `machi unit doctor` says of a running unit's twins, and of those it keeps: how far behind, and what to do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from drivers.check import Check, State
from drivers.twin import CHECKS, Trouble

_BEHIND_S: Final = 60
_MS: Final = 1000
_MIB: Final = 1024 * 1024
_LATE: Final = Check(State.WARN, "控えが遅れています", "the twin is behind")
_OTHERS: Final = {
    "ahead": Check(
        State.WARN, "この端末のディスクにない記録が、控えにあります", "the twin has entries that this disk has not",
        "控え用のUSBメモリを町役場へ: machi central twin", "bring the stick to the office: machi central twin",
    ),
    "no key": Check(
        State.WARN, "控えのための町の鍵がまだ届いていません", "the town has not said yet for whom to seal the twin",
        "町とつながるのを待ってください。町では: machi central init",
        "let the uplink reach the town; if that does not help, say there: machi central init",
    ),
    "silent": Check(
        State.WARN, "控えを書くプログラムが動いていません", "the process that writes the twin says nothing",
        "言ってください: sudo systemctl restart machi-twin", "say: sudo systemctl restart machi-twin",
    ),
}  # fmt: skip
_NEIGHBOUR: Final[dict[str, Check]] = {
    Trouble.GONE: Check(
        State.WARN, "控えを預かる隣の端末が答えません", "the neighbour that keeps the twin does not answer",
        "隣の端末の電源とLANを見て、役場の言うあて先と合うか確かめてください",
        "look at its power and at the network, and whether its address is the one that the office has said",
    ),
    Trouble.FULL: Check(
        State.WARN, "隣の端末に、控えを預かる場所がありません", "the neighbour has no more room for the twin",
        "町役場へ: machi central unit neighbour … --mib で増やすか、終わった登録の控えを消してください",
        "tell the office: machi central unit neighbour … --mib gives it more, --forget what need not be kept",
    ),
    Trouble.READ_ONLY: Check(
        State.WARN, "隣の端末のディスクに書き込めません", "the disk of the neighbour cannot be written to",
        "隣の端末で machi unit doctor を見てください", "say there: machi unit doctor",
    ),
    Trouble.FAILING: Check(
        State.WARN, "隣の端末のディスクがこわれかけています", "the disk of the neighbour fails",
        "隣の端末で machi unit doctor を見てください", "say there: machi unit doctor",
    ),
    Trouble.CHANGED: Check(State.OK, "隣の端末の控えが替わりました", "the neighbour has another twin than it had"),
    Trouble.REFUSED: Check(
        State.WARN, "隣の端末は、この端末の控えを預かっていません", "the neighbour says it does not keep this twin",
        "隣の端末が町とつながるのを待ってください。町では: machi central unit neighbour",
        "let the neighbour reach the town; if that does not help, look there: machi central unit neighbour",
    ),
    Trouble.STRANGE: Check(
        State.WARN, "隣の端末ではない何かが答えています", "something that is not the neighbour answers in its place",
        "あて先を確かめ、そのネットワークに知らない機器がないか調べてください",
        "look at the address, and for devices on that network that nobody knows",
    ),
    "ahead": Check(
        State.WARN, "この端末のディスクにない記録が、隣の端末の控えにあります",
        "the twin at the neighbour has entries that this disk has not",
        "隣の端末の控えを町役場へ: machi unit kept、machi central twin",
        "bring it from the neighbour to the office: machi unit kept, then machi central twin",
    ),
    "silent": Check(
        State.WARN, "隣の端末へ控えを送るプログラムが動いていません", "the process that writes to it says nothing",
        "言ってください: sudo systemctl restart machi-uplink", "say: sudo systemctl restart machi-uplink",
    ),
}  # fmt: skip
_STICK: Final[dict[str, Check]] = {**{str(trouble): check for trouble, check in CHECKS.items()}, **_OTHERS}
_KEEPS: Final[dict[str, Check]] = {
    Trouble.FULL: Check(
        State.WARN, "隣の端末の控えを預かる場所がありません", "there is no more room for the twins of neighbours",
        "町役場へ: 終わった登録の控えは machi central unit neighbour … --forget、場所は --mib",
        "tell the office: machi central unit neighbour … --forget what need not be kept, --mib gives more room",
    ),
    "silent": Check(
        State.WARN, "隣の端末の控えを預かるプログラムが動いていません", "the process that keeps twins says nothing",
        "unit.toml に [keeper] port を書き、言ってください: sudo systemctl restart machi-keeper",
        "set [keeper] port in unit.toml, and say: sudo systemctl restart machi-keeper",
    ),
}  # fmt: skip
_KEEPS_NOTHING: Final = Check(
    State.WARN, "隣の端末の控えを書き込めません", "the twins of neighbours cannot be written",
    "この端末のディスクを見てください(disk の行)", "look at the disk of this unit (the line disk)",
)  # fmt: skip


def twin_of(status: Mapping[str, Any]) -> Check:
    """Say how the twin on a stick stands, by what the running unit says (`machi.unit.status/1`)."""
    return _behind(status["twin"], _STICK)


def neighbour_of(status: Mapping[str, Any]) -> Check | None:
    """Say how the twin at the neighbour stands; None if there is to be none."""
    said = status.get("neighbour", {"state": "none"})
    if said["state"] == "none":
        return None
    check = _behind(said, {**_OTHERS, **_NEIGHBOUR})
    return msgspec.structs.replace(check, ja=f"{said['at']}: {check.ja}", en=f"{said['at']}: {check.en}")


def keeps_of(status: Mapping[str, Any]) -> Check | None:
    """Say how it stands with the twins that this unit keeps for others; None if it keeps none."""
    said = status.get("keeps", {"state": "none"})
    if said["state"] == "none":
        return None
    if said["state"] != "ok":
        return _KEEPS.get(said["state"], _KEEPS_NOTHING)
    sizes = ", ".join(f"{unit} {size // _MIB} MiB" for unit, size in sorted(said["bytes"].items())) or "—"
    return Check(State.OK, f"隣の端末の控えを預かっています({sizes})", f"keeps twins ({sizes})")


def _behind(said: Mapping[str, Any], words: Mapping[str, Check]) -> Check:
    state, lacks, lacks_s = said["state"], said["lacks"] or 0, said["lacks_s"] or 0
    lag_ja, lag_en = f"控えにない記録 {lacks} 件、{lacks_s} 秒", f"lacks {lacks} entries, {lacks_s} s"
    if state == "ok" and lacks_s <= _BEHIND_S:
        return Check(State.OK, f"控えがあります({lag_ja})", f"written ({lag_en})")
    check = words.get(state, _LATE)
    if said["since_ms"] is not None:
        since = datetime.fromtimestamp(said["since_ms"] / _MS, UTC).strftime("%Y-%m-%d %H:%M UTC")
        lag_ja, lag_en = f"{since} から。{lag_ja}", f"since {since}; {lag_en}"
    ja, en = f"{check.ja}({lag_ja})", f"{check.en} ({lag_en})"
    return msgspec.structs.replace(check, state=State.WARN, ja=ja, en=en)
