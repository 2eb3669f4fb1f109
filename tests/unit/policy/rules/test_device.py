"""A policy may refuse to sign on a machine that has a way to a network."""

import dataclasses

import examples
import pytest

from custody.policy.case import Case
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.device import NoNetwork
from custody.screening.flagged import FlaggedList

WARNS = Policy.parse(examples.POLICY)
REFUSES = Policy.parse(b'network = "refuse"\n' + examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000))
BLOCK = examples.block(examples.record((0, examples.PAYEE, 100_000)))


def case(policy: Policy, interfaces: tuple[str, ...] | None) -> Case:
    return Case(
        REVIEW,
        BLOCK,
        policy,
        FlaggedList.parse(examples.FLAGGED_LIST),
        interfaces=interfaces,
        evidence={"policy": "ab"},
    )


def codes(policy: Policy, interfaces: tuple[str, ...] | None) -> list[str]:
    return [reason.code for reason in evaluate(case(policy, interfaces)).reasons]


def test_without_an_interface_it_signs() -> None:
    assert codes(REFUSES, ()) == []


@pytest.mark.parametrize(("interfaces", "code"), [(("eth0",), "NETWORK-UP"), (None, "NETWORK-UNKNOWN")])
def test_with_one_or_where_that_cannot_be_told_it_does_not(interfaces: tuple[str, ...] | None, code: str) -> None:
    assert codes(REFUSES, interfaces) == [code]
    assert codes(WARNS, interfaces) == []


def test_the_reason_names_every_interface_and_the_policy() -> None:
    (reason,) = NoNetwork().reasons(case(REFUSES, ("eth0", "wlan0")))
    assert reason.observed == "eth0 and wlan0 up"
    assert (reason.fact, reason.evidence, reason.concern) == ("device.interfaces", "policy ab", "")


def test_nobody_may_answer_for_it() -> None:
    """An escalation answers for a concern, and this is none."""
    (reason,) = NoNetwork().reasons(case(REFUSES, None))
    assert not WARNS.answered(reason.concern)


def test_a_policy_that_says_nothing_warns() -> None:
    assert (WARNS.network, REFUSES.network) == ("warn", "refuse")
    assert dataclasses.replace(WARNS, network="refuse") == REFUSES
