"""What the officers read of the device itself: what waits, whether it stands still, what a decision would change."""

from collections.abc import Iterable, Iterator

from custody.governance.actions import Resolution
from custody.governance.clocks import Times
from custody.governance.install import Proposal
from custody.governance.moments import Delay
from custody.governance.state import State
from custody.screen import folded, printable, row
from custody.times import rfc3339
from custody.wire.bundle import Bundle

_INDENT = 4


def heading(state: State, times: Times, *, rehearsal: bool) -> tuple[str, ...]:
    """What stands above every screen: that it is a rehearsal, that nothing is signed, and what waits."""
    rows = ["REHEARSAL: keys for practice, coins without value"] if rehearsal else []
    rows += _standstill(state, times)
    for kind, waiting in state.waiting.items():
        rows += folded(
            f"WAITING: {kind} number {waiting.file.sequence}, which loosens, comes into force in "
            f"{duration(waiting.delay, times)}. Any officer can stop it: custody signer veto {kind}",
            _INDENT,
        )
    return (*rows, "") if rows else ()


def _standstill(state: State, times: Times) -> list[str]:
    if not state.frozen:
        return []
    if state.thaw is None:
        return ["FROZEN: nothing is signed until the officers thaw this device"]
    return [*folded(f"FROZEN: nothing is signed; it thaws in {duration(state.thaw, times)}", _INDENT)]


def duration(delay: Delay, times: Times) -> str:
    """What is left of a delay, as people say it."""
    minutes = -(-delay.left(times) // 60)
    return f"{minutes // 60} h {minutes % 60:02} min, counted while this device is switched on"


def lines(resolution: Resolution, above: Iterable[str], credit: int = 0) -> Iterator[str]:
    """The whole screen, a line each; ``credit`` is the time switched off that a bundle's date would count as passed."""
    yield from above
    if resolution.proposal:
        yield from proposal_lines(resolution.proposal)
        yield from _begins(resolution.proposal)
        yield from _credit(credit, resolution.proposal)
        return
    agreed = resolution.agreed
    match agreed["action"]:
        case "veto":
            yield from folded(f"VETO: the {agreed['kind']} that waits will not come into force.", _INDENT)
        case "freeze":
            yield from folded("FREEZE: nothing is signed from now on, until the quorum thaws the device.", _INDENT)
        case _:
            seconds = resolution.state.thaw.seconds if resolution.state.thaw else 0
            yield from folded(f"THAW: the device signs again {seconds // 3600} h from now.", _INDENT)


def _credit(seconds: int, proposal: Proposal) -> Iterator[str]:
    """docs/spec/clocks.md: officers see what a floor move credits before they consent to it."""
    if seconds:
        yield ""
        counted = f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
        yield from folded(
            f"CLOCK: consent counts {counted} that this device was switched off as passed, because the bundle is of "
            f"{rfc3339(proposal.bundle.not_before)}. Compare that, and this device's clock, with a clock on the wall.",
            _INDENT,
        )


def bundle_lines(bundle: Bundle) -> Iterator[str]:
    """What a bundle's header says."""
    yield from row("Bundle", f"{bundle.kind} number {bundle.sequence} of {bundle.house}")
    yield from row("Valid", f"{rfc3339(bundle.not_before)} to {rfc3339(bundle.not_after)}")
    yield from row("SHA-256", bundle.digest.hex())


def proposal_lines(proposal: Proposal) -> Iterator[str]:
    """What a bundle would do: what is newly allowed first, each with an example."""
    yield from bundle_lines(proposal.bundle)
    yield from row("Signed by", printable(", ".join(proposal.signers)))
    for change in proposal.changes:
        yield ""
        yield from row("NEWLY ALLOWED" if change.loosens else "Changed", printable(change.rule))
        yield from row("  before", printable(change.before))
        yield from row("  after", printable(change.after))
        if change.example:
            yield from row("  example", printable(change.example))
    yield ""
    if not proposal.changes:
        yield "Nothing is decided differently by it."


def _begins(proposal: Proposal) -> Iterator[str]:
    """When it comes into force."""
    if proposal.delay is None:
        yield "It loosens nothing, and comes into force at once."
    else:
        hours = proposal.delay.seconds // 3600
        yield from folded(
            f"It loosens. It comes into force after {hours} h, counted while this device is switched on, and stands on "
            f"every screen meanwhile; any one officer can stop it: custody signer veto {proposal.bundle.kind}",
            0,
        )
