"""How a measurement is printed: what, how much, the limit beside it, and what was aimed at."""

import statistics
from collections.abc import Sequence


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def row(name: str, value: str, remark: str = "") -> None:
    print(f"  {name:<46} {value:>16}  {remark}".rstrip(), flush=True)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def rate(per_second: float) -> str:
    return f"{per_second:,.0f} /s"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values stays within."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
