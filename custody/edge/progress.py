"""What people see while a long work goes on."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from custody.screening.large import Watch, unwatched

#: Seconds for which nobody is told anything: most works are done by then.
_QUIET = 1.0
_WIDTH = 30


@dataclass(slots=True)
class Percent:
    """Tells each percent of a work once, where it takes longer than a moment."""

    tell: Callable[[str, int], object]
    began: float = 0.0
    what: str = ""
    told: int = -1

    def __call__(self, what: str, done: int, steps: int) -> None:
        percent = 100 * done // max(steps, 1)
        if what != self.what or percent < self.told:
            self.began, self.what, self.told = time.monotonic(), what, -1
        if percent == self.told or (self.told < 0 and time.monotonic() - self.began < _QUIET):
            return
        self.told = percent
        self.tell(what, percent)


def bar() -> Watch:
    """A bar on stderr at a terminal, nothing elsewhere."""
    return Percent(draw) if sys.stderr is not None and sys.stderr.isatty() else unwatched


def draw(what: str, percent: int) -> None:
    """The bar as it stands."""
    filled = "#" * (_WIDTH * percent // 100)
    end = "\n" if percent == 100 else ""
    sys.stderr.write(f"\r{what}  [{filled:<{_WIDTH}}] {percent:3} %{end}")
    sys.stderr.flush()
