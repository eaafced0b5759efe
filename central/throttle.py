"""How often somebody may do something: so many times at once, and then one for each step of time that passes."""

from dataclasses import dataclass, field
from typing import Final

KEPT_MAX: Final = 10_000


@dataclass
class Throttle:
    """Counts for each name by itself.

    Attributes:
        most: so often at once.
        step_ms: after so long, once more.
    """

    most: int
    step_ms: int
    _full_at: dict[str, int] = field(default_factory=dict, init=False)  # when each may do all of it at once again

    def allows(self, name: str, now_ms: int, times: int = 1) -> bool:
        """Count so many more, and return whether it is not too much; then none of them is counted."""
        full_at = max(self._full_at.get(name, 0), now_ms) + times * self.step_ms
        if full_at - now_ms > self.most * self.step_ms:
            return False
        if len(self._full_at) >= KEPT_MAX:
            self._full_at = {name: at for name, at in self._full_at.items() if at > now_ms}
        self._full_at[name] = full_at
        return True

    def forget(self, name: str) -> None:
        """Let somebody do all of it at once again."""
        self._full_at.pop(name, None)
