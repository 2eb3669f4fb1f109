"""Delays, counted by the clock that nobody can set."""

from dataclasses import dataclass

from custody.codec.canonical_json import Json
from custody.governance.clocks import Times


@dataclass(frozen=True, slots=True)
class Delay:
    """So many ``seconds`` from the moment with this ``mark``."""

    mark: int
    seconds: int

    def left(self, times: Times) -> int:
        """Seconds that are left; 0 once it is over."""
        return max(0, self.seconds - times.since(self.mark))

    def as_json(self) -> dict[str, Json]:
        """As canonical JSON values."""
        return {"mark": self.mark, "seconds": self.seconds}
