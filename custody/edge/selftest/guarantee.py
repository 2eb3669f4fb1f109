"""A guarantee, the machine that it is about, and what was found."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from custody.errors import CustodyError


class NotHeld(Exception):
    """A guarantee does not hold; the text is what was seen instead."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look.

    Attributes:
        scratch: a folder that can be written.
        root: the folder under which proc, sys and the programs lie; another one than / in tests.
        now: Unix time by the system's clock.
        media: this is the boot profile in which sticks are read.
    """

    scratch: Path
    root: Path = Path("/")
    now: float = field(default_factory=time.time)
    media: bool = False

    def read(self, path: str) -> str:
        """A file of the kernel, without the white space around it. Raises OSError."""
        return (self.root / path).read_text("utf-8").strip()

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return (self.root / path).exists()

    def status(self) -> dict[str, str]:
        """This process as /proc/self/status tells it. Raises OSError."""
        rows = (line.partition(":") for line in self.read("proc/self/status").splitlines())
        return {name: value.strip() for name, _, value in rows}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        name: stable word, for scripts.
        guarantee: what a signer promises.
        holds: whether it holds on this machine.
        observed: what was seen.
    """

    name: str
    guarantee: str
    holds: bool
    observed: str


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What a signer promises, and how it is tried: a function that tells what it saw, or raises `NotHeld`."""

    name: str
    text: str
    trial: Callable[[Machine], str]

    def examine(self, machine: Machine) -> Finding:
        """Try it here. Whatever goes wrong, the guarantee is not established, and does not hold."""
        try:
            return Finding(self.name, self.text, True, self.trial(machine))
        except NotHeld as seen:
            observed = str(seen)
        except CustodyError as error:
            observed = f"{error.code}: {error.message}"
        except OSError as error:
            observed = f"cannot be established: {error.strerror or type(error).__name__}"
        except (ImportError, ValueError, KeyError, IndexError, RuntimeError, AttributeError) as error:
            observed = f"cannot be established: {type(error).__name__}"
        return Finding(self.name, self.text, False, observed)
