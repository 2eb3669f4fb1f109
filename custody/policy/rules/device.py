"""The rule on the machine that signs: it has no way to a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.policy.case import Case
from custody.policy.decision import Reason


@dataclass(frozen=True, slots=True)
class NoNetwork:
    """Nothing is signed while a network interface other than loopback is up, or where that cannot be told."""

    name: ClassVar[str] = "network"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """NETWORK-UP, NETWORK-UNKNOWN."""
        required = "a signer without a network: the cable or card taken out"
        if case.interfaces is None:
            observed = "a machine that does not tell whether a network interface is up"
            yield Reason("NETWORK-UNKNOWN", self.name, observed, required, "device.interfaces", case.basis("policy"))
        elif case.interfaces:
            observed = f"{' and '.join(case.interfaces)} up"
            yield Reason("NETWORK-UP", self.name, observed, required, "device.interfaces", case.basis("policy"))
