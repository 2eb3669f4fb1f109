"""What a bundle would do to a device, at each edge; signatures are read, and believed."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import councils
import evm
import examples
import pytest
import rosters
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE

from custody.errors import EvidenceError, HomeError, UsageError
from custody.governance.actions import DEFAULT_DELAY, Freeze, Thaw, resolve
from custody.governance.clocks import Times
from custody.governance.contents import Content
from custody.governance.install import Proposal, Standing, check_requirement, check_time, propose
from custody.governance.moments import Delay
from custody.governance.state import Held, State
from custody.officers.openpgp import Claim
from custody.officers.roster import Role, Roster
from custody.wire.bundle import Bundle, Kind, SignedBundle

MARK = 500_000
POLICY = councils.POLICY
TIGHTER = POLICY.replace(b'"200000"', b'"150000"')


class Believing:
    """Takes every signature for good, or raises what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def verify(self, claim: Claim, at: int) -> None:
        del claim, at
        if self._error:
            raise self._error


@functools.cache
def founded() -> Mapping[str, bytes]:
    """The first files of a house, each as it came."""
    return {kind: one.content for kind, one in councils.bundles().items()}


def standing(**changed: Any) -> Standing:
    contents = {kind: Content.read(kind, exact) for kind, exact in founded().items()}
    state = State.founded({kind: content.held for kind, content in contents.items()})
    bodies = {kind: content.body for kind, content in contents.items()}
    whole = Standing(state, bodies, ("Sato", "Abe", "Endo"), Times(NOW, MARK))
    return replace(whole, **changed)


def with_roster(body: bytes) -> Standing:
    """A standing by another roster."""
    usual = standing()
    return replace(usual, bodies={**usual.bodies, "roster": body})


def following(kind: Kind, body: bytes, *names: str, previous: bytes | None = None, at: int = NOW - HOUR,
              **header: Any) -> SignedBundle:  # fmt: skip
    first = Content.read(kind, founded()[kind]).digest if kind in founded() else bytes(32)
    fields: dict[str, Any] = {"sequence": 2, "not_before": NOW - DAY, "not_after": NOW + DAY} | header
    bundle = Bundle(kind=kind, house=HOUSE.id, previous=previous or first, body=body, **fields)
    return HOUSE.sign_bundle(bundle, names or ("Mori", "Kato"), at=at)


def proposed(signed: SignedBundle, against: Standing | None = None) -> Proposal:
    return propose(signed, against or standing(), Believing())


def refusal(signed: SignedBundle, against: Standing | None = None) -> str:
    with pytest.raises(HomeError) as caught:
        proposed(signed, against)
    return caught.value.code


def ending(*names: str, at: str = "2025-12-02T00:00:00Z", **counts: int) -> bytes:
    """The house's roster, in which these people have an end."""
    extra = dict.fromkeys(names, f'until = "{at}"')
    rows = "\n".join(rosters.person_toml(*row, extra.get(row[0], "")) for row in HOUSE.people())
    return rosters.roster_toml((), **counts) + rows.encode()


def test_what_follows_a_vetoed_bundle_may_name_it_or_the_one_in_force() -> None:
    vetoed, usual = following("policy", TIGHTER).bundle, standing()
    state = usual.state.taken("policy", Held(vetoed.digest, 2), Delay(MARK, DAY)).vetoed("policy")
    after = replace(usual, state=state)
    for previous in (vetoed.digest, state.held["policy"].digest):
        assert proposed(following("policy", TIGHTER + b"#\n", sequence=3, previous=previous), after).delay is None
    unknown = following("policy", TIGHTER + b"#\n", sequence=3, previous=bytes(32))
    assert refusal(unknown, after) == "BUNDLE-PREVIOUS-UNKNOWN"


def test_what_was_pinned_without_a_header_can_be_followed_by_any() -> None:
    usual, pinned = standing(), Held(bytes(32), 0)
    state = State.founded({**usual.state.held, "policy": pinned})
    assert proposed(following("policy", TIGHTER, sequence=7, previous=bytes([1] * 32)), replace(usual, state=state))


def test_a_bundle_is_valid_from_its_first_second_and_not_at_its_last() -> None:
    bundle = following("policy", TIGHTER).bundle
    check_time(bundle, bundle.not_before)
    check_time(bundle, bundle.not_after - 1)
    for latest, code in ((bundle.not_before - 1, "BUNDLE-EARLY"), (bundle.not_after, "BUNDLE-EXPIRED")):
        with pytest.raises(HomeError, match=code):
            check_time(bundle, latest)


@pytest.mark.parametrize(("names", "taken"), [(("Mori", "Kato"), False), (("Mori", "Kato", "Hara"), True)])
def test_each_kind_of_bundle_has_a_number_of_signatures_of_its_own(names: tuple[str, ...], taken: bool) -> None:
    people = [*HOUSE.people(), ("Oka", "compliance", councils.HOUSE.id, rosters.certificate("Oka"))]
    against = with_roster(rosters.roster_toml(people, policy=3))
    signed = following("policy", TIGHTER, *names)
    assert (
        proposed(signed, against).signers == tuple(sorted(names))
        if taken
        else refusal(signed, against) == "BUNDLE-SIGNERS-MISSING"
    )


def test_who_is_on_the_roster_no_more_signs_no_bundle() -> None:
    against = with_roster(ending("Kato", at="2025-12-02T00:00:00Z"))
    assert refusal(following("policy", TIGHTER), against) == "BUNDLE-SIGNER-ROLE"
    assert proposed(following("policy", TIGHTER, "Mori", "Hara"), against)


@pytest.mark.parametrize(("ahead", "taken"), [(600, True), (601, False)])
def test_a_signature_may_be_dated_ten_minutes_ahead(ahead: int, taken: bool) -> None:
    signed = following("policy", TIGHTER, at=NOW + ahead)
    assert proposed(signed) if taken else refusal(signed) == "BUNDLE-SIGNATURE"


def test_a_machine_that_cannot_verify_does_not_blame_the_signature() -> None:
    """Negative control: a signature that does not hold is blamed."""
    for error, code in (
        (HomeError("GPG-UNAVAILABLE", "No gpg."), "GPG-UNAVAILABLE"),
        (EvidenceError("OPENPGP-INVALID", "Bad."), "BUNDLE-SIGNATURE"),
    ):
        with pytest.raises(HomeError) as caught:
            propose(following("policy", TIGHTER), standing(), Believing(error))
        assert caught.value.code == code


def test_the_bundle_of_a_house_holds_no_other_houses_roster() -> None:
    other = rosters.roster_toml(HOUSE.people(), house="other-exchange")
    assert refusal(following("roster", other)) == "BUNDLE-HOUSE"


def test_a_new_roster_is_reached_by_those_who_have_a_secret_here() -> None:
    """Two are asked for: two of three suffice, and one does not."""
    body = HOUSE.roster(consent=2)
    assert proposed(following("roster", body), standing(officers=("Sato", "Abe")))
    assert refusal(following("roster", body), standing(officers=("Sato", "Wada"))) == "BUNDLE-UNREACHABLE"


def test_a_new_roster_has_compliance_enough_who_are_valid_today() -> None:
    """Three sign a policy, and of four one is left out by his end."""
    people = [*HOUSE.people(), ("Oka", "compliance", councils.HOUSE.id, rosters.certificate("Oka"))]

    def body(*ended: str) -> bytes:
        rows = (
            rosters.person_toml(*row, 'until = "2025-12-02T00:00:00Z"' if row[0] in ended else "") for row in people
        )
        return rosters.roster_toml((), policy=3) + "\n".join(rows).encode()

    assert proposed(following("roster", body("Oka")))
    assert refusal(following("roster", body("Oka", "Hara"))) == "BUNDLE-UNREACHABLE"


@pytest.mark.parametrize(
    ("count", "organisations", "reached"), [(3, 2, True), (4, 1, False), (2, 3, False), (3, 3, False)]
)
def test_a_requirement_is_reached_in_people_and_in_organisations(count: int, organisations: int, reached: bool) -> None:
    roster = Roster.parse(HOUSE.roster())
    assert len(roster.of_role(Role.APPROVER)) == 3
    assert len({one.organisation for one in roster.of_role(Role.APPROVER)}) == 2
    if reached:
        check_requirement(Role.APPROVER, count, organisations, roster, NOW, "The policy")
    else:
        with pytest.raises(HomeError, match="BUNDLE-UNREACHABLE"):
            check_requirement(Role.APPROVER, count, organisations, roster, NOW, "The policy")


def test_what_loosens_waits_from_now_on_and_not_from_the_first_day() -> None:
    proposal = proposed(following("policy", POLICY.replace(b'"200000"', b'"900000"')))
    assert proposal.delay == Delay(MARK, DAY)
    assert proposal.state.matured(Times(NOW, MARK + DAY - 1)).held == standing().state.held


def test_amounts_of_tokens_are_told_as_the_registry_in_force_tells_them() -> None:
    usual, raised = standing(), examples.EVM_POLICY.replace(b'"1000000000000"', b'"1000000000001"')
    for tokens, told in ((evm.REGISTRY, "1000000.000001 USDC"), (b"version = 1\n", "1000000000001 base units")):
        bodies = {**usual.bodies, "tokens": tokens, "policy": examples.EVM_POLICY}
        proposal = proposed(following("policy", raised), replace(usual, bodies=bodies))
        assert told in proposal.changes[0].after.replace(",", "")


@pytest.mark.parametrize("roster", [True, False])
def test_a_thaw_waits_from_now_on_with_a_roster_and_without(roster: bool) -> None:
    usual = standing()
    frozen = replace(usual, state=usual.state.stopped(), bodies=usual.bodies if roster else {})
    resolution = resolve(Thaw(), frozen, 2, Believing())
    assert (resolution.needed, resolution.state.thaw) == (2, Delay(MARK, DAY))
    assert DEFAULT_DELAY == DAY


def test_nothing_is_frozen_or_thawed_twice() -> None:
    usual = standing()
    frozen = usual.state.stopped()
    thawing = frozen.thawing(Delay(MARK, DAY))
    for action, state, code in (
        (Freeze(), frozen, "FREEZE-FROZEN"),
        (Thaw(), usual.state, "THAW-RUNNING"),
        (Thaw(), thawing, "THAW-RUNNING"),
    ):
        with pytest.raises(UsageError, match=code):
            resolve(action, replace(usual, state=state), 2, Believing())
    assert resolve(Freeze(), replace(usual, state=thawing), 2, Believing()).state == frozen


def test_a_veto_throws_out_nothing_else_and_a_thaw_that_is_over_is_gone() -> None:
    delay, file = Delay(MARK, DAY), Held(bytes(32), 2)
    both = standing().state.taken("policy", file, delay).taken("list", file, delay)
    assert set(both.vetoed("policy").waiting) == {"list"}
    thawed = both.stopped().thawing(delay).matured(Times(NOW, MARK + DAY))
    assert (thawed.frozen, thawed.thaw) == (False, None)
