"""What officers may decide about the device itself, and what follows from it; pure, asked on both sides of the pipe.

Stopping takes one officer and holds at once: a veto, a freeze. Going on takes the quorum, and a thaw the delay too.
"""

from dataclasses import dataclass

from custody.codec.canonical_json import Json
from custody.errors import UsageError
from custody.governance.install import Proposal, Standing, propose
from custody.governance.moments import Delay
from custody.governance.state import State
from custody.officers.openpgp import SignatureVerifier
from custody.wire.bundle import SignedBundle

#: How long a thaw waits where no roster says so, in seconds.
DEFAULT_DELAY = 86_400


@dataclass(frozen=True, slots=True)
class Install:
    """Take in a bundle."""

    signed: SignedBundle


@dataclass(frozen=True, slots=True)
class Veto:
    """Throw out what waits of this kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """Sign nothing from now on."""


@dataclass(frozen=True, slots=True)
class Thaw:
    """Sign again, after the delay."""


Action = Install | Veto | Freeze | Thaw


@dataclass(frozen=True, slots=True)
class Resolution:
    """What officers are asked to agree to.

    Attributes:
        agreed: the action in canonical JSON values; the confirmation code is made of it.
        needed: how many officers must consent.
        state: what the state is then.
        proposal: for a bundle, what it would do.
    """

    agreed: dict[str, Json]
    needed: int
    state: State
    proposal: Proposal | None = None

    @property
    def stamp(self) -> int | None:
        """What moves the floor of the clock, Unix seconds: the date of a bundle."""
        return self.proposal.bundle.not_before if self.proposal else None


def resolve(action: Action, standing: Standing, quorum: int, verifier: SignatureVerifier) -> Resolution:
    """What an action would do.

    Args:
        quorum: how many officers consent to a signature.

    Raises:
        HomeError: what `propose` says of a bundle.
        UsageError: VETO-NOTHING, FREEZE-FROZEN, THAW-RUNNING.
    """
    state = standing.state
    match action:
        case Install(signed):
            proposal = propose(signed, standing, verifier)
            return Resolution({"action": "install", **proposal.as_json()}, quorum, proposal.state, proposal)
        case Veto(kind):
            waiting = state.waiting.get(kind)
            if waiting is None:
                raise UsageError("VETO-NOTHING", f"No {kind} waits to come into force.", "See: custody signer status")
            agreed: dict[str, Json] = {"action": "veto", "digest": waiting.file.digest.hex(), "kind": kind}
            return Resolution(agreed, 1, state.vetoed(kind))
        case Freeze():
            if state.frozen and state.thaw is None:
                raise UsageError("FREEZE-FROZEN", "This device is frozen already.")
            return Resolution({"action": "freeze"}, 1, state.stopped())
        case Thaw():
            return _thaw(standing, quorum)


def _thaw(standing: Standing, quorum: int) -> Resolution:
    if not standing.state.frozen or standing.state.thaw is not None:
        raise UsageError("THAW-RUNNING", "This device is not frozen, or is thawing already.")
    seconds = standing.roster().activation_delay if "roster" in standing.bodies else DEFAULT_DELAY
    delay = Delay(standing.times.elapsed, seconds)
    return Resolution({"action": "thaw", "delay": delay.seconds}, quorum, standing.state.thawing(delay))
