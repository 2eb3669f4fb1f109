"""The readers of bytes from outside: honest inputs for each, and what must hold for any others.

A target takes any bytes. It gives a value or raises CustodyError; where a value has one encoding, writing what was
read must give the same bytes. All else is a finding.
"""

from collections.abc import Callable
from dataclasses import dataclass

from custody.errors import CustodyError


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        form: what its input is made of; `hostile.mutations` bends each form in its own way.
        examples: honest inputs.
        read: reads any bytes; an AssertionError where what was read is not what is written back.
    """

    name: str
    form: str
    examples: Callable[[], tuple[bytes, ...]]
    read: Callable[[bytes], object]

    def accepts(self, encoded: bytes) -> bool:
        """Whether the reader takes these bytes. Raises what is no CustodyError."""
        try:
            self.read(encoded)
        except CustodyError:
            return False
        return True


TARGETS: dict[str, Target] = {}


def target(form: str, *honest: Callable[[], bytes] | bytes) -> Callable[[Callable[[bytes], object]], object]:
    """Enters a reader under its function's name."""

    def enter(read: Callable[[bytes], object]) -> object:
        name = read.__name__.strip("_").replace("_", "-")
        given = lambda: tuple(one if isinstance(one, bytes) else one() for one in honest)  # noqa: E731
        TARGETS[name] = Target(name, form, given, read)
        return read

    return enter


def same(written: object, encoded: object) -> None:
    """One value, one encoding."""
    assert written == encoded, "read and written back, it is other bytes"


def text(encoded: bytes) -> str:
    """As a terminal or a file hands text on, whatever it holds."""
    return encoded.decode("utf-8", "replace")
