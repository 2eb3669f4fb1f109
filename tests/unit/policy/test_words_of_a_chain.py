"""What a director reads of bounds of zero, of wallets elsewhere, of tokens and of what is not there."""

from dataclasses import replace

import examples
import pytest

from custody import chains
from custody.evm.tokens import TokenRegistry
from custody.policy.clauses import Escalation, Hours, OwnAccount, TravelRulePolicy
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import Section, sections
from custody.travel_rule.rates import ReferenceRate

COIN = chains.REGTEST.coin.asset_id
POLICY = Policy.parse(examples.POLICY)
EVM_POLICY = Policy.parse(examples.EVM_POLICY)
TOKENS = TokenRegistry.parse(examples.TOKENS)
HOT = OwnAccount("Hot one", "hot", chains.REGTEST, checksum="acdf2345")


def told(policy: Policy, tokens: TokenRegistry = TOKENS) -> list[str]:
    return [sentence for one in sections(policy, tokens, LANGUAGES["en"]) for sentence in one.sentences]


def bounded(*own: OwnAccount, **bounds: int) -> list[str]:
    chain = replace(POLICY.chains[0], **{name: ((COIN, amount),) for name, amount in bounds.items()})
    return told(replace(POLICY, chains=(chain,), own_accounts=own))


def test_a_section_for_scripts() -> None:
    assert Section("The house", ("One.", "Two.")).as_json() == {"sentences": ["One.", "Two."], "title": "The house"}


def test_a_bound_of_zero_for_a_day_is_an_amount_like_any_other() -> None:
    assert "Within one day at most 0.00000000 rBTC leaves, payments and fees together." in bounded(day_caps=0)


def test_a_bound_for_hot_wallets_is_idle_unless_one_of_this_network_is_hot() -> None:
    idle = "A bound of 0.00000007 rBTC a day for own hot wallets stands here, but none is named."
    assert idle not in bounded(HOT, to_hot_caps=7)
    assert idle in bounded(replace(HOT, tier="cold"), to_hot_caps=7)
    assert idle in bounded(replace(HOT, chain=chains.SIGNET), to_hot_caps=7)


def test_payments_in_tokens_are_an_action_of_evm_networks_alone() -> None:
    tokens = "pay in a token named here"
    assert any(tokens in sentence for sentence in told(EVM_POLICY))
    assert not any(tokens in sentence for sentence in told(POLICY))


def test_the_rate_of_a_token_that_no_registry_names_is_for_a_whole_one() -> None:
    contract = examples.USDC.asset_id.rsplit(":", 1)[1]
    rate = ReferenceRate(examples.USDC.asset_id, "USD", 100, 1_800_000_000)
    said = told(replace(EVM_POLICY, travel_rule=TravelRulePolicy("us", (rate,))), TokenRegistry())
    assert any(f"ne whole token {contract}" in sentence for sentence in said)


def test_a_policy_without_rates_says_so() -> None:
    assert LANGUAGES["en"].say("travel_rule.rates.none") in told(POLICY)


def test_whoever_answers_for_a_concern_that_no_clause_raises_is_told() -> None:
    asked = Escalation("out_of_hours", Requirement(2, "approver", 1))
    said = told(replace(POLICY, escalations=(asked,)))
    assert any(sentence.startswith("A request outside the hours: ") and "2 approvers" in sentence for sentence in said)


@pytest.mark.parametrize(("offset", "zone"), [(0, "+00:00"), (-1, "-00:01"), (1, "+00:01"), (-599, "-09:59")])
def test_hours_are_told_to_the_minute_with_their_distance_from_utc(offset: int, zone: str) -> None:
    said = told(replace(POLICY, hours=Hours(offset, (0,), 59, 119)))
    assert any("00:59" in sentence and "01:59" in sentence and zone in sentence for sentence in said)
