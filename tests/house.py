"""A house whose people have real OpenPGP keys: rosters, signed bundles, and requests with a maker and approvals.

The keys are made once in a process, by `openpgp.key`; all of them are without a passphrase.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import examples
import openpgp
import rosters

from custody.evm.tokens import TokenRegistry
from custody.families import Account
from custody.judgement import payment
from custody.officers.approval import approval_text
from custody.review import Review
from custody.wire.bundle import Bundle, Kind, SignedBundle
from custody.wire.request import Approval, Verdict, WithdrawalRequest

HERE, TRUST = examples.HOUSE, "Example Trust KK"

OFFICERS = ("Sato", "Abe", "Endo")
OPERATORS = ("Tanaka", "Ueda")
APPROVERS = {"Ito": HERE, "Goto": HERE, "Chiba": TRUST}
COMPLIANCE = ("Mori", "Kato", "Hara")


class House:
    """The people of ``example-exchange``: three officers, two operators, three approvers of two organisations, three
    of compliance.
    """

    id = rosters.HOUSE

    @staticmethod
    def fingerprint(name: str) -> str:
        """Of somebody's certificate, 40 capital hex digits."""
        return openpgp.key(name)

    @staticmethod
    def people(officers: int = 3) -> tuple[rosters.Row, ...]:
        """Rows for `rosters.roster_toml`: the first ``officers`` officers, who have no certificates, and the others."""
        signers = [
            *((name, "operator", HERE) for name in OPERATORS),
            *((name, "approver", organisation) for name, organisation in APPROVERS.items()),
            *((name, "compliance", HERE) for name in COMPLIANCE),
        ]
        return (
            *((name, "officer", HERE, None) for name in OFFICERS[:officers]),
            *((*row, openpgp.certificate(row[0])) for row in signers),
        )

    def roster(self, *, officers: int = 3, **counts: int) -> bytes:
        """The roster's TOML. ``counts``: ``consent``, ``delay_hours``, ``policy``, ``list``, ``tokens``, ``roster``."""
        return rosters.roster_toml(self.people(officers), house=self.id, **counts)

    def roster_bundle(
        self, *, officers: int = 3, sequence: int = 1, previous: bytes | None = None,
        not_before: int = rosters.NOT_BEFORE, not_after: int = rosters.NOT_AFTER,
        names: Sequence[str] = COMPLIANCE[:2], **counts: int,
    ) -> SignedBundle:  # fmt: skip
        """A bundle of `roster`, signed by compliance."""
        body = self.roster(officers=officers, **counts)
        bundle = rosters.bundle(
            "roster", body, sequence=sequence, previous=previous, not_before=not_before, not_after=not_after
        )
        return self.sign_bundle(bundle, names)

    def signed(
        self, kind: Kind, body: bytes, *, after: SignedBundle | None = None, names: Sequence[str] = COMPLIANCE[:2],
        not_before: int = rosters.NOT_BEFORE, not_after: int = rosters.NOT_AFTER,
    ) -> SignedBundle:  # fmt: skip
        """A file as a signed bundle: the first of its kind, or the one that follows ``after``."""
        place = (after.bundle.sequence + 1, after.bundle.digest) if after else (1, None)
        bundle = Bundle(kind, self.id, place[0], not_before, not_after, place[1], body)
        return self.sign_bundle(bundle, names)

    @staticmethod
    def sign_bundle(bundle: Bundle, names: Iterable[str] = COMPLIANCE[:2], at: int | None = None) -> SignedBundle:
        """The bundle with a signature of each of these people, made at Unix time ``at``: when its validity begins."""
        made = bundle.not_before if at is None else at
        return SignedBundle(bundle.content, tuple(openpgp.signature(name, bundle.content, made) for name in names))

    def approved(
        self, request: WithdrawalRequest, review: Review, approvers: Iterable[str] = ("Ito", "Chiba"),
        rejects: Iterable[str] = (), *, maker: str = OPERATORS[0], at: int | None = None,
    ) -> WithdrawalRequest:  # fmt: skip
        """The request with its maker's signature, approvals and rejections, made at ``at``: when it was created."""
        named = replace(request, maker=self.fingerprint(maker), approvals=())
        made = request.created if at is None else at
        verdicts: list[tuple[str, Verdict]] = [
            (maker, "make"),
            *((name, "approve") for name in approvers),
            *((name, "reject") for name in rejects),
        ]
        return replace(named, approvals=tuple(self.approval(named, review, *one, at=made) for one in verdicts))

    def approval(self, request: WithdrawalRequest, review: Review, name: str, verdict: Verdict, *, at: int) -> Approval:
        """One person's signature of the approval text of a request that names its maker."""
        by = self.fingerprint(name)
        return Approval(by, verdict, openpgp.signature(name, approval_text(request, review, by, verdict), at))


def valid_at(now: int) -> dict[str, int]:
    """A validity for bundles that holds at Unix time ``now``: since a day, for a season."""
    return {"not_before": now - openpgp.DAY, "not_after": now + 90 * openpgp.DAY}


def reviewed(request: WithdrawalRequest, account: Account, tokens: TokenRegistry | None = None) -> Review:
    """The facts of a request that has some."""
    return payment(request, account).review(tokens or TokenRegistry(()))
