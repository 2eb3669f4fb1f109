"""What a signer promises about the machine it runs on, each guarantee tried on this one (docs/spec/self-test.md)."""

from collections.abc import Iterator
from pathlib import Path

from custody.edge.selftest import kernel, network, system, trials
from custody.edge.selftest.guarantee import Finding, Guarantee, Machine

#: In the order in which they are tried and told.
GUARANTEES: tuple[Guarantee, ...] = (*network.GUARANTEES, *kernel.GUARANTEES, *system.GUARANTEES, *trials.GUARANTEES)


def findings(scratch: Path, *, media: bool = False) -> Iterator[Finding]:
    """Every guarantee and whether it holds here; what cannot be established does not hold.

    Args:
        scratch: an empty folder that can be written, on the disk on which the log would lie.
        media: the drivers of USB sticks are expected, and no others.
    """
    machine = Machine(scratch=scratch, media=media)
    return (one.examine(machine) for one in GUARANTEES)
