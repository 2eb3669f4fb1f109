"""What the officers decide about the device itself: what is in force, and whether it stands still.

bundle -> Proposal -> Consent -> sealed anew -> log entry -> in force. The entry is the turning point: before it
nothing has changed, after it everything has, and the files follow when the home is opened next, if not at once.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from custody.audit.entry import Entry
from custody.ceremony import Consent, Home, check_codes, unlocked
from custody.codec.canonical_json import Json
from custody.errors import HomeError
from custody.governance.actions import Action, Freeze, Install, Resolution, Thaw, Veto, resolve
from custody.governance.clocks import Times
from custody.governance.install import Standing
from custody.officers.consent import Proof
from custody.screening.large import Lists
from custody.vault.confirmation import confirmation_code, resolved
from custody.vault.orders import CouncilOrder

_KINDS: dict[type[Action], str] = {Install: "installed", Veto: "vetoed", Freeze: "frozen", Thaw: "thawing"}


class CouncilHome(Home, Protocol):
    """A home whose rules can be changed."""

    @property
    def officers(self) -> tuple[str, ...]: ...
    @property
    def lists(self) -> Lists: ...

    def keep(self, sealed_rules: bytes, content: bytes | None) -> bytes:
        """Writes aside what a decision brings, durably; returns the digest of ``sealed_rules`` for the log."""

    def settle(self, stamp: int | None) -> None:
        """Puts in place what was kept and logged; ``stamp``, of a bundle, moves the floor of the clock."""


class Council(Protocol):
    """The officers at the device, deciding about it."""

    def agree(self, resolution: Resolution, code: str) -> Consent: ...


class Seal(Protocol):
    """The opened secrets, in a process of their own."""

    def decide(self, order: CouncilOrder) -> tuple[bytes, tuple[Proof, ...]]: ...


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, and its entry."""

    resolution: Resolution
    entry: Entry


def review(action: Action, home: CouncilHome) -> tuple[Resolution, str]:
    """What an action would do, and the code of it; logs nothing and changes nothing.

    Raises:
        HomeError, UsageError: as `decide`.
    """
    resolution = resolve(action, standing(home), home.quorum, home.verifier)
    return resolution, _code(resolution, home)


def decide(
    action: Action,
    home: CouncilHome,
    council: Council,
    unlock: Callable[[Consent], AbstractContextManager[Seal]],
) -> Decided:
    """Takes a decision about the device.

    Raises:
        HomeError: the bundle is refused (logged), the seal stays closed, the disk is full.
        Cancelled: an officer stopped, or typed a wrong code.
        UsageError: there is nothing to decide.
    """
    resolution = _resolve(action, home)
    before = home.log.checkpoint
    code = _code(resolution, home)
    consent = council.agree(resolution, code)
    check_codes(home, consent, code, None)
    with unlocked(home, consent, partial(unlock, consent)) as seal:
        sealed, proofs = seal.decide(CouncilOrder(action, home.files, home.times, before, consent.typed))
    bundle = resolution.proposal.bundle if resolution.proposal else None
    kept = home.keep(sealed, bundle.content if bundle else None)
    private = _private(resolution, home.times, proofs, kept)
    entry = home.log.append(_KINDS[type(action)], private=private, time=home.times.latest)
    home.settle(resolution.stamp)
    return Decided(resolution, entry)


def _code(resolution: Resolution, home: CouncilHome) -> str:
    return confirmation_code(home.code_secret, resolved(resolution.agreed, home.log.size))


def standing(home: CouncilHome) -> Standing:
    """What a decision is judged against."""
    bodies = {kind: content.body for kind, content in home.installed.contents.items()}
    return Standing(home.state, bodies, home.officers, home.times, home.installed.spans, home.lists)


def _resolve(action: Action, home: CouncilHome) -> Resolution:
    try:
        return resolve(action, standing(home), home.quorum, home.verifier)
    except HomeError as error:
        if isinstance(action, Install) and error.code != "BUNDLE-KNOWN":
            _log_refusal(action, home, error)
        raise


def _log_refusal(action: Install, home: CouncilHome, error: HomeError) -> None:
    bundle = action.signed.bundle
    private: dict[str, Json] = {
        "digest": bundle.digest.hex(),
        "kind": bundle.kind,
        "reason": error.code,
        "sequence": bundle.sequence,
    }
    home.log.append("install-refused", outcome="refused", private=private, time=home.times.latest)


def _private(resolution: Resolution, times: Times, proofs: tuple[Proof, ...], kept: bytes) -> dict[str, Json]:
    decided: dict[str, Json] = {
        "agreed": resolution.agreed,
        "elapsed": times.elapsed,
        "officers": [proof.as_json() for proof in proofs],
        "sealed_rules": kept.hex(),
        "state": resolution.state.as_json(),
    }
    if resolution.proposal:
        bundle = resolution.proposal.bundle
        decided |= {"digest": bundle.digest.hex(), "text": bundle.content.decode(errors="replace")}
    return decided
