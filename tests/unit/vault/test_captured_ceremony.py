"""A captured ceremony process has the log key, the code secret and an officer's passphrase, and gets no denied request
signed, no other rules believed, and no lie about time that the log does not keep.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import ceremonies
import examples
import psbts
import pytest
import rosters
import wire_examples
from captured import Scene, carried_out, evidence_for, holds, in_force, order_for

from custody.chains import BITCOIN
from custody.errors import CustodyError, HomeError
from custody.governance.clocks import Credit, Times
from custody.governance.contents import Content
from custody.governance.moments import Delay
from custody.governance.state import Held, State, Waiting
from custody.installed import serialize_accounts
from custody.officers.consent import Proof

HOUR = 3_600
RAISED = examples.POLICY.replace(b"1000000000000", b"9000000000000")
EVIL_ACCOUNTS = serialize_accounts((replace(psbts.EVIL, name="treasury"),))


def test_the_forger_is_good_enough_to_have_an_honest_request_signed(scene: Scene) -> None:
    holder, order = scene.holder, order_for(scene, ceremonies.request())
    assert holder.sign(evidence_for(scene, order, holder.consent(order))) == scene.signatures


@pytest.mark.parametrize(
    "changes",
    [
        {"travel_rule": b""},
        {"travel_rule": ceremonies.record((0, ceremonies.PAYEE, ceremonies.PAID + 1))},
        {"expires": ceremonies.NOW},
        {"device": "rehearsal.other"},
        {"chain_id": BITCOIN.chain_id},
        {"transaction": psbts.serialize(psbts.honest())[:-1]},
        {"maker": "A" * 40},
        {"approvals": (wire_examples.APPROVAL,)},
        {"policy_sequence": 1},
    ],
)
def test_a_captured_ceremony_does_not_get_a_denied_request_signed(
    scene: Scene, used: list[Any], changes: Mapping[str, Any]
) -> None:
    holder, order = scene.holder, order_for(scene, ceremonies.request(**changes))
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*decision"):
        holder.consent(order)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*consent"):
        holder.sign(evidence_for(scene, order, (Proof(ceremonies.OFFICER, bytes(64)),)))
    assert used == []


@pytest.mark.parametrize(
    "installed",
    [
        {"policy": RAISED},
        {"flagged": b"# nobody\n"},
        {"tokens": examples.TOKENS},
        {"roster": rosters.roster_toml(consent=1)},
        {"policy": None},
        {"flagged": None},
    ],
)
def test_a_captured_ceremony_does_not_get_other_rules_believed(scene: Scene, installed: Mapping[str, Any]) -> None:
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*policy, list, token registry"):
        scene.holder.consent(order_for(scene, ceremonies.request(), **installed))


def test_a_captured_ceremony_does_not_get_another_seeds_account_signed(scene: Scene) -> None:
    request = ceremonies.request(checksum=psbts.EVIL.checksum)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*decision"):
        scene.holder.consent(order_for(scene, request, accounts=EVIL_ACCOUNTS))


def test_the_log_must_hold_exactly_the_proofs_that_were_given(scene: Scene, used: list[Any]) -> None:
    holder = scene.holder
    order = order_for(scene, ceremonies.request())
    (proof,) = holder.consent(order)
    bent = Proof(proof.officer, proof.signature[:-1] + bytes([proof.signature[-1] ^ 1]))
    for proofs in ((), (proof, proof), (replace(proof, officer="Evil"),), (bent,), (replace(proof, signature=b""),)):
        with pytest.raises(HomeError, match=r"ORDER-REFUSED.*content"):
            holder.sign(evidence_for(scene, order, proofs))
        assert holder.consent(order) == (proof,)
    assert used == []


# Time: the key process has no clock of its own. What it is told stands in the log, or nothing is signed.


def test_a_time_that_decides_nothing_gives_the_honest_signatures(scene: Scene) -> None:
    for times in (
        Times(ceremonies.NOW + 1, scene.order.times.elapsed),
        Times(ceremonies.NOW, scene.order.times.elapsed, (Credit(0, 2**40),)),
    ):
        assert carried_out(scene.holder, replace(scene.order, times=times), scene.evidence) == scene.signatures


@pytest.mark.parametrize("elapsed", [1, 10**9])
def test_a_lie_about_elapsed_time_must_stand_in_the_log(scene: Scene, used: list[Any], elapsed: int) -> None:
    told = replace(scene.order.times, elapsed=scene.order.times.elapsed + elapsed)
    holder, order = scene.holder, order_for(scene, ceremonies.request(), told)
    proofs = holder.consent(order)
    with pytest.raises(HomeError, match=r"ORDER-REFUSED.*content"):
        holder.sign(evidence_for(scene, order, proofs, scene.order.times.elapsed))
    assert used == []
    assert holder.consent(order) == proofs
    assert holder.sign(evidence_for(scene, order, proofs)) == scene.signatures


def held(scene: Scene, **others: bytes) -> dict[str, Held]:
    """What the home holds, with other files in place of some."""
    return {**scene.home.state.held, **{kind: Content.read(kind, exact).held for kind, exact in others.items()}}


def test_the_same_state_sealed_again_signs(scene: Scene) -> None:
    holder = in_force(scene, scene.home.state)
    assert carried_out(holder, scene.order, scene.evidence) == scene.signatures


def test_a_frozen_device_signs_nothing(scene: Scene, used: list[Any]) -> None:
    for state in (scene.home.state.stopped(), scene.home.state.stopped().thawing(Delay(0, HOUR))):
        with pytest.raises(HomeError, match=r"ORDER-REFUSED.*state of the device"):
            carried_out(in_force(scene, state), scene.order, scene.evidence)
    assert used == []


def test_a_thaw_is_over_after_its_delay(scene: Scene) -> None:
    thawing = in_force(scene, scene.home.state.stopped().thawing(Delay(0, HOUR)))
    for elapsed, credited, thawed in ((HOUR - 1, (), False), (HOUR, (), True), (1, (Credit(0, HOUR),), True)):
        order = order_for(scene, ceremonies.request(), Times(ceremonies.NOW, elapsed, credited))
        assert holds(thawing.consent, order) is thawed


@pytest.mark.parametrize(
    ("kind", "exact"),
    [("policy", RAISED), ("list", b"#\n"), ("tokens", examples.TOKENS), ("roster", rosters.roster_toml())],
)
def test_a_state_that_names_other_files_signs_nothing(scene: Scene, used: list[Any], kind: str, exact: bytes) -> None:
    for names in (held(scene, **{kind: exact}), {one: file for one, file in held(scene).items() if one != kind}):
        if names != held(scene):
            holder = in_force(scene, replace(scene.home.state, held=names))
            with pytest.raises(HomeError, match=r"ORDER-REFUSED.*policy, list, token registry"):
                carried_out(holder, scene.order, scene.evidence)
    assert used == []


@pytest.mark.parametrize(
    ("elapsed", "credited", "over"),
    [
        (40_000, (), False),
        (40_000 + HOUR - 1, (), False),
        (40_000 + HOUR, (), True),
        (40_001, (Credit(40_000, HOUR - 1),), True),
        (40_001, (Credit(39_999, HOUR),), False),
    ],
)
def test_what_waits_is_used_after_its_delay_and_what_it_replaces_before(
    scene: Scene, elapsed: int, credited: tuple[Credit, ...], over: bool
) -> None:
    raised = Content.read("policy", RAISED).held
    holder = in_force(scene, replace(scene.home.state, waiting={"policy": Waiting(raised, Delay(40_000, HOUR))}))
    times = Times(ceremonies.NOW, elapsed, credited)
    assert holds(holder.consent, order_for(scene, ceremonies.request(), times, policy=RAISED)) is over
    assert holds(holder.consent, order_for(scene, ceremonies.request(), times)) is not over


def test_a_state_out_of_its_form_signs_nothing(scene: Scene, used: list[Any]) -> None:
    class Bent(State):
        def serialize(self) -> bytes:
            return b"{}"

    with pytest.raises(CustodyError, match="STATE-FORM"):
        carried_out(in_force(scene, Bent()), scene.order, scene.evidence)
    assert used == []
