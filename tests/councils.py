"""A signer whose house has a roster: several officers, signed bundles, approvals; and officers who say yes."""

import functools
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import ceremonies
import examples
import psbts
from ceremonies import NOW
from house import OFFICERS, House, reviewed

from custody import ceremony, council
from custody.ceremony import Consent, Outcome
from custody.council import Decided
from custody.edge import founding, home, making
from custody.edge.founding import Founders
from custody.edge.home import SignerHome
from custody.governance.actions import Action, Resolution
from custody.judgement import Judgement
from custody.officers.consent import Typed
from custody.vault.key_holder import KeyHolder
from custody.wire.bundle import SignedBundle
from custody.wire.export import DeviceExport
from custody.wire.request import WithdrawalRequest

HOUSE = House()
DAY, HOUR = 86_400, 3_600
PASSPHRASES = {name: f"the passphrase of {name}" for name in OFFICERS}
#: Two approvers of two organisations for each payment, and no more than so much in a day.
POLICY = (
    examples.POLICY
    + b"""
[chains.regtest.cap_per_day]
coin = "200000"

[[approvals]]
role = "approver"
count = 2
organisations = 2
"""
)
NO_POLICY_AT_ALL = examples.POLICY.replace(b'"100000"', b'"1000000000000"')

_scratch = tempfile.TemporaryDirectory(prefix="custody-councils-")


class Council:
    """Officers who say yes to what is shown, and remember it; ``codes`` stand for what some of them type instead."""

    def __init__(self, *names: str, codes: Mapping[str, str] | None = None) -> None:
        self.names = names or OFFICERS[:2]
        self._codes = codes or {}
        self.shown: list[Judgement] = []
        self.resolutions: list[Resolution] = []

    def _consent(self, code: str) -> Consent:
        return Consent(tuple(Typed(name, self._codes.get(name, code)) for name in self.names))

    def confirm(self, judgement: Judgement, code: str) -> Consent:
        self.shown.append(judgement)
        return self._consent(code)

    def agree(self, resolution: Resolution, code: str) -> Consent:
        self.resolutions.append(resolution)
        return self._consent(code)


def make_home(folder: Path, files: Mapping[str, SignedBundle] | None = None, *, consent: int = 2,
              seed: bytes = b"council", delay_hours: int = 24) -> None:  # fmt: skip
    """A rehearsal home of three officers with a roster and signed bundles, and one account, `psbts.TREASURY`."""
    signed = files or bundles(consent=consent, delay_hours=delay_hours)
    contents = {kind: one.content for kind, one in signed.items()}
    founders = Founders(PASSPHRASES, consent)
    new = founding.found(founders, bytes(16), rehearsal=True, files=contents, random=ceremonies.numbered(seed))
    making.make(folder, new, NOW)
    with home.opened(folder, NOW) as opened:
        opened.add_account(psbts.TREASURY)


@functools.cache
def _bundles(consent: int, delay_hours: int) -> dict[str, SignedBundle]:
    return {
        "roster": HOUSE.roster_bundle(consent=consent, delay_hours=delay_hours),
        "policy": HOUSE.signed("policy", POLICY),
        "list": HOUSE.signed("list", examples.FLAGGED_LIST),
    }


def bundles(*, consent: int = 2, delay_hours: int = 24) -> dict[str, SignedBundle]:
    """What such a home begins with, by kind."""
    return dict(_bundles(consent, delay_hours))


@functools.cache
def prepared() -> Path:
    """A home that is copied, never used."""
    folder = Path(_scratch.name) / "home"
    make_home(folder)
    return folder


def copy_home(folder: Path) -> Path:
    """A fresh copy of the prepared home."""
    shutil.copytree(prepared(), folder)
    return folder


@functools.cache
def device() -> DeviceExport:
    """What the online side is told of the prepared home."""
    folder = copy_home(Path(_scratch.name) / "export")
    with home.opened(folder, NOW) as opened:
        return ceremonies.export(opened)


def request(**changes: Any) -> WithdrawalRequest:
    """An honest request for the prepared home; nobody has signed it yet."""
    return ceremonies.request(device(), policy_sequence=1, list_sequence=1, **changes)


def approved(
    asked: WithdrawalRequest, *approvers: str, rejects: tuple[str, ...] = (), **options: Any
) -> WithdrawalRequest:
    """The request with its maker's signature, and those of approvers: two of two organisations by default."""
    return HOUSE.approved(asked, reviewed(asked, psbts.TREASURY), approvers or ("Ito", "Chiba"), rejects, **options)


Unlocking = Callable[[SignerHome], Callable[[Consent], AbstractContextManager[Any]]]


def key_in_process(opened: SignerHome) -> Callable[[Consent], AbstractContextManager[Any]]:
    """The key holder itself, without a process of its own."""

    def unlock(consent: Consent) -> AbstractContextManager[Any]:
        words = {one.officer: PASSPHRASES[one.officer] for one in consent.typed}
        return nullcontext(KeyHolder(opened.sealed, words, opened.verifier, opened.lists))

    return unlock


def sign(folder: Path, asked: WithdrawalRequest, *, at: int = NOW, officers: Council | None = None,
         unlock: Unlocking = key_in_process) -> Outcome:  # fmt: skip
    """The ceremony on a home, from opening it to closing it."""
    with home.opened(folder, at) as opened:
        return ceremony.sign(asked.serialize(), opened, officers or Council(), unlock(opened))


def decide(folder: Path, action: Action, *, at: int = NOW, officers: Council | None = None,
           unlock: Unlocking = key_in_process) -> Decided:  # fmt: skip
    """A decision of the officers, from opening the home to closing it."""
    with home.opened(folder, at) as opened:
        return council.decide(action, opened, officers or Council(), unlock(opened))


def reasons(outcome: Outcome) -> set[str]:
    """Codes of what spoke against signing; each says what it judged, and on what it rests."""
    against = outcome.judgement.decision.reasons if outcome.judgement else ()
    assert all(reason.fact and reason.evidence for reason in against)
    return {reason.code for reason in against}
