"""What `machi unit doctor` says of a running unit's twin: how far it is behind, and what a person should do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from drivers.check import Check, State
from drivers.twin import CHECKS

_BEHIND_S: Final = 60
_MS: Final = 1000
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


def twin_of(status: Mapping[str, Any]) -> Check:
    """Say how the twin stands, by what the running unit says (`machi.unit.status/1`)."""
    said = status["twin"]
    state, lacks, lacks_s = said["state"], said["lacks"] or 0, said["lacks_s"] or 0
    lag_ja, lag_en = f"控えにない記録 {lacks} 件、{lacks_s} 秒", f"lacks {lacks} entries, {lacks_s} s"
    if state == "ok" and lacks_s <= _BEHIND_S:
        return Check(State.OK, f"控えがあります({lag_ja})", f"written ({lag_en})")
    check = CHECKS.get(state) or _OTHERS.get(state, _LATE)
    if said["since_ms"] is not None:
        since = datetime.fromtimestamp(said["since_ms"] / _MS, UTC).strftime("%Y-%m-%d %H:%M UTC")
        lag_ja, lag_en = f"{since} から。{lag_ja}", f"since {since}; {lag_en}"
    ja, en = f"{check.ja}({lag_ja})", f"{check.en} ({lag_en})"
    return msgspec.structs.replace(check, state=State.WARN, ja=ja, en=en)
