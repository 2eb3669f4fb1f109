"""What a house with a roster is shown bent: bundles, of which none may come into force that compliance did not sign,
and approvals, of which none may count that nobody gave. What was honestly signed is known here.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import ceremonies
import councils
import examples
import house
import psbts
from hostile import world
from hostile.mutations import bend
from hostile.oracles import check_ceremony, expect

from custody import council
from custody.audit.verify import verify
from custody.council import Decided
from custody.edge.home import SignerHome
from custody.errors import CustodyError
from custody.governance.actions import Install
from custody.governance.state import Held, State
from custody.vault.sealed import open_sealed, open_with_passphrase
from custody.vault.secrets import OfficerSecret, RulesSecret
from custody.wire.bundle import Bundle, SignedBundle
from custody.wire.request import Approval, WithdrawalRequest

HOUSE = councils.HOUSE
FORMS = {"policy": "toml", "tokens": "toml", "roster": "toml", "list": "lines"}
Verdict = tuple[bytes, str, str]

# --- bundles


@dataclass(frozen=True)
class Offered:
    """A bundle that exists: whether enough of compliance signed it, and whether it loosens."""

    signed: SignedBundle
    counts: bool
    loosens: bool


@functools.cache
def offered() -> tuple[Offered, ...]:
    """Everything that people of the house ever signed and the device does not hold."""
    begun = councils.bundles()
    raised = councils.POLICY.replace(b'"200000"', b'"900000"')
    lowered = councils.POLICY.replace(b'"200000"', b'"150000"')
    roster = HOUSE.roster(delay_hours=1)
    sign = functools.partial(HOUSE.signed, "policy", after=begun["policy"])
    return (
        Offered(sign(raised), counts=True, loosens=True),
        Offered(sign(lowered), counts=True, loosens=False),
        Offered(HOUSE.signed("list", examples.FLAGGED_LIST + b"# more\n", after=begun["list"]), True, False),
        Offered(HOUSE.signed("list", b"# nobody\n", after=begun["list"], names=("Hara", "Mori")), True, True),
        Offered(HOUSE.signed("roster", roster, after=begun["roster"], names=house.COMPLIANCE), True, True),
        Offered(sign(raised + b"# one\n", names=("Mori",)), counts=False, loosens=True),
        Offered(sign(raised + b"# approvers\n", names=("Ito", "Chiba")), counts=False, loosens=True),
        Offered(sign(raised + b"# mixed\n", names=("Kato", "Tanaka")), counts=False, loosens=True),
        Offered(HOUSE.signed("policy", raised + b"# first again\n"), counts=False, loosens=True),
    )


def bent_bundle(random: Random) -> bytes:
    """A signed bundle bent as a whole, in its header, in its file, or in who signed it."""
    one, other = random.choice(offered()).signed, random.choice(offered()).signed
    kind = random.random()
    if kind < 0.3:
        return bend(random, "cbor", one.serialize(), [each.signed.serialize() for each in offered()])
    if kind < 0.5:
        content = bend(random, random.choice(("lines", FORMS[one.bundle.kind])), one.content, [other.content])
        return replace(one, content=content).serialize()
    if kind < 0.7:
        return replace(one, content=_lied_about(random, one.bundle).content).serialize()
    return replace(one, signatures=_bent_signatures(random, one, other)).serialize()


def _lied_about(random: Random, bundle: Bundle) -> Bundle:
    """One field of the header with another value, or the file of another bundle."""
    lies: dict[str, Sequence[Any]] = {
        "kind": ("policy", "list", "tokens", "roster"),
        "house": ("other-exchange", "example-exchange.", bundle.house[:-1]),
        "sequence": (1, 2, 3, 2**53 - 1),
        "not_before": (0, bundle.not_before + 1, world.NOW + 1),
        "not_after": (bundle.not_after + 1, 253_402_300_799),
        "previous": (None, bytes(32), bundle.digest, councils.bundles()["policy"].bundle.digest),
        "body": (councils.POLICY, examples.FLAGGED_LIST, examples.TOKENS, HOUSE.roster(consent=1), b"#"),
    }
    name = random.choice(list(lies))
    return replace(bundle, **{name: random.choice(lies[name])})


def _bent_signatures(random: Random, one: SignedBundle, other: SignedBundle) -> tuple[bytes, ...]:
    """Signatures that are another bundle's, bent, twice, or fewer."""
    rows, foreign = list(one.signatures), list(other.signatures)
    place = random.randrange(len(rows))
    bent = bend(random, "binary", rows[place], foreign)[:4_096]
    edits: Sequence[Callable[[], Sequence[bytes]]] = (
        lambda: [*rows[:place], bent, *rows[place + 1 :]],
        lambda: [*rows, bent],
        lambda: [bent, *rows],
        lambda: foreign,
        lambda: [*rows, *foreign],
        lambda: [rows[place], rows[place]],
        lambda: rows[:place],
        lambda: [rows[place]] * 32,
        lambda: [*foreign[:1], *rows[1:]],
        lambda: random.sample(rows, len(rows)),
    )
    return tuple(random.choice(edits)())


class Desk:
    """The house as it stands before every case: its log in memory, and nothing written to the disk."""

    def __init__(self, opened: SignerHome) -> None:
        self._opened = opened
        self.sealed = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)

    def keep(self, sealed_rules: bytes, _content: bytes | None) -> bytes:
        """Remembers what is sealed."""
        self.sealed = sealed_rules
        return hashlib.sha256(sealed_rules).digest()

    def settle(self, _stamp: int | None) -> None:
        """There is nothing to put in place."""


def install(encoded: bytes) -> tuple[SignedBundle, Desk, Decided]:
    """The officers take in whatever is shown, and say yes. What is refused leaves no more than its refusal."""
    signed, desk = SignedBundle.parse(encoded), Desk(world.house().fresh)
    before = desk.log.size
    try:
        officers = councils.Council(*world.house().officers)
        decided = council.decide(Install(signed), desk, officers, lambda _: nullcontext(world.house().holder))
    except CustodyError:
        kinds = [entry.kind for entry in desk.log.entries[before:]]
        expect((kinds, desk.sealed) in (([], b""), (["install-refused"], b"")), "a refused bundle left something")
        raise
    return signed, desk, decided


def check_installed(_encoded: bytes, met: tuple[SignedBundle, Desk, Decided]) -> bool:
    """That compliance's quorum signed it, that it waits if it loosens, and that nothing else has changed."""
    signed, desk, decided = met
    known = [one for one in offered() if one.signed.content == signed.content and one.counts]
    expect(known, "a bundle was taken in that compliance did not sign")
    bundle, before, after = signed.bundle, desk.state, decided.resolution.state
    file = Held(bundle.digest, bundle.sequence)
    held = dict(before.held) if known[0].loosens else {**before.held, bundle.kind: file}
    expect(dict(after.held) == held, "something else is in force than what was proved to be no looser")
    expect({kind: one.file for kind, one in after.waiting.items()} == ({bundle.kind: file} if known[0].loosens else {}),
           "something else waits")  # fmt: skip
    expect(not after.frozen and dict(after.seen) == {**before.seen, bundle.kind: file}, "another state")
    expect(_sealed_state(desk) == after, "the process that holds the key believes something else")
    expect([entry.kind for entry in desk.log.entries][-1] == "installed", "it is not logged")
    store = desk.log._store
    expect(verify(store.bytes, store.note, desk.log.verifier).first_bad is None, "the log does not hold")
    return True


@functools.cache
def _rules_key() -> bytes:
    name = world.house().officers[0]
    sealed = open_with_passphrase(world.house().opened.sealed.officers[name], councils.PASSPHRASES[name])
    return OfficerSecret.parse(sealed).rules_key


def _sealed_state(desk: Desk) -> State:
    return State.parse(RulesSecret.parse(open_sealed(desk.sealed, _rules_key())).state)


# --- approvals


@functools.cache
def asked() -> tuple[WithdrawalRequest, ...]:
    """Requests of the house with what people really signed; the first two are approved by enough of them."""
    told = world.house().told
    made = [ceremonies.request(told, policy_sequence=1, list_sequence=1, id=bytes([place]) * 16) for place in range(6)]
    payments = [psbts.Payment(psbts.PAYEE, 50_000), psbts.change(psbts.TREASURY, 3, 149_001)]
    smaller = psbts.build(psbts.coins(2), payments)
    other = replace(
        made[1], transaction=psbts.serialize(smaller), travel_rule=ceremonies.record((0, ceremonies.PAYEE, 50_000))
    )
    return (
        councils.approved(made[0]),
        councils.approved(other),
        councils.approved(made[2], "Ito"),
        councils.approved(made[3], "Ito", "Goto"),
        councils.approved(made[4], "Ito", "Chiba", rejects=("Goto",)),
        councils.approved(made[5], maker="Ueda"),
    )


@functools.cache
def given() -> frozenset[Verdict]:
    """Each verdict that somebody gave: on which request, by whom."""
    return frozenset((one.digest, row.by, row.verdict) for one in asked() for row in one.approvals)


def bent_approved(random: Random) -> bytes:
    """A request bent as a whole, in its approvals, or in what they were given for."""
    one, other = random.choice(asked()), random.choice(asked())
    kind = random.random()
    if kind < 0.35:
        return bend(random, "cbor", one.serialize(), [each.serialize() for each in asked()])
    if kind < 0.45:
        fields = ("transaction", "travel_rule", "expires", "id", "maker", "purpose", "blind", "checkpoint", "created")
        name = random.choice(fields)
        lie = random.choice((getattr(other, name), getattr(one, name)))
        return replace(one, **{name: lie}, approvals=random.choice((one, other)).approvals).serialize()
    return replace(one, approvals=_bent_approvals(random, one, other)).serialize()


def _bent_approvals(random: Random, one: WithdrawalRequest, other: WithdrawalRequest) -> tuple[Approval, ...]:
    rows, foreign = list(one.approvals), list(other.approvals)
    place = random.randrange(len(rows))
    row, stranger = rows[place], random.choice(foreign)
    names = ("Ito", "Goto", "Chiba", "Mori", "Tanaka", "Ueda")
    bent = bend(random, "binary", row.signature, [stranger.signature])[:4_096]
    edits: Sequence[Callable[[], Sequence[Approval]]] = (
        lambda: [*rows[:place], replace(row, signature=bent), *rows[place + 1 :]],
        lambda: [*rows[:place], replace(row, signature=stranger.signature), *rows[place + 1 :]],
        lambda: [*rows[:place], replace(row, by=HOUSE.fingerprint(random.choice(names))), *rows[place + 1 :]],
        lambda: [*rows, replace(row, by=HOUSE.fingerprint(random.choice(names)))],
        lambda: [*rows[:place], replace(row, verdict=random.choice(("make", "approve", "reject"))), *rows[place + 1 :]],
        lambda: [*rows, replace(stranger, verdict="approve")],
        lambda: [one for one in (*rows, *foreign) if one.verdict != "reject"],
        lambda: rows[:place] + rows[place + 1 :],
        lambda: [each for each in rows if each.verdict != "reject"],
        lambda: foreign,
        lambda: random.sample(rows, len(rows)),
    )
    unique = {(each.by, each.verdict): each for each in random.choice(edits)()}
    return tuple(unique.values())


def hold_ceremony(message: bytes) -> Any:
    """The ceremony on the fresh house, with two officers who say yes."""
    fresh = world.house().fresh
    return (*world.house().sign(message, fresh), fresh)


def check_approved(message: bytes, held: Any) -> bool:
    """That its maker made exactly it, approvers of two organisations approved it, and nobody rejected it."""
    outcome, judgement, _, fresh = held
    check_ceremony(outcome, judgement, world.house())
    store = fresh.log._store
    expect(verify(store.bytes, store.note, fresh.log.verifier).first_bad is None, "the log does not hold")
    if outcome.status != "signed":
        return False
    request = WithdrawalRequest.parse(message)
    rows = {(row.by, row.verdict) for row in request.approvals}
    expect({(request.digest, *row) for row in rows} <= given(), "signed with an approval that nobody gave")
    expect((request.maker, "make") in rows and "reject" not in {verdict for _, verdict in rows}, "signed against a no")
    approvers = {name for name in house.APPROVERS if (HOUSE.fingerprint(name), "approve") in rows}
    houses = {house.APPROVERS[name] for name in approvers}
    expect(len(approvers) >= 2 and len(houses) >= 2, "signed without the approvals that the policy asks for")
    return True
