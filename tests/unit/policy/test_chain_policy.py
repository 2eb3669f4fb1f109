"""What a policy says of one network: what may be absent, what may be empty, and where each number ends."""

import examples
import pytest

from custody import chains
from custody.codec.schema import SchemaError
from custody.policy.chain_policy import ACTIONS, MAX_TIERS, ChainPolicy, Tier, asset_id
from custody.policy.decision import Requirement
from custody.policy.document import Policy

TEXT = examples.POLICY.decode()
EVM_TEXT = TEXT.replace("chains.regtest", "chains.ethereum")
CONTRACT = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
COIN = chains.REGTEST.coin.asset_id
ETHER = chains.ETHEREUM.coin.asset_id
USDC = examples.USDC.asset_id
TIER = 'above = "7"\nrole = "approver"\ncount = 2\n'


def section(lines: str = "", *, after: str = "", text: str = TEXT) -> ChainPolicy:
    """The network's section with further keys, and further tables."""
    assert text.count("feerate_cap = 200\n") == 1
    toml = text.replace("feerate_cap = 200\n", f"feerate_cap = 200\n{lines}\n") + after
    (found,) = Policy.parse(toml.encode()).chains
    return found


def faults(lines: str = "", *, after: str = "", text: str = TEXT) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        section(lines, after=after, text=text)
    return [(finding.code, finding.where) for finding in caught.value.findings]


def test_tiers_and_tokens_may_be_empty_lists() -> None:
    assert section("tiers = []").tiers == ()
    assert section("tiers = []\ntokens = []", text=EVM_TEXT) == section(text=EVM_TEXT)


def test_a_tier_of_a_coin_is_read() -> None:
    found = section(after=f"[[chains.regtest.tiers]]\n{TIER}organisations = 2\n").tiers
    assert found == (Tier(COIN, 7, Requirement(2, "approver", 2)),)


def test_a_tier_of_a_token_is_read_and_tiers_have_one_order() -> None:
    coin = f"[[chains.ethereum.tiers]]\n{TIER}"
    token = f'{coin}contract = "{CONTRACT}"\n'
    asked = Requirement(2, "approver", 1)
    for after in (coin + token, token + coin):
        assert section(after=after, text=EVM_TEXT).tiers == (Tier(USDC, 7, asked), Tier(ETHER, 7, asked))


def test_a_bitcoin_network_has_no_tier_of_a_token() -> None:
    after = f'[[chains.regtest.tiers]]\n{TIER}contract = "{CONTRACT}"\n'
    assert faults(after=after) == [("POLICY-KEY", "chains.regtest.tiers[0]")]


def test_the_most_tiers_are_read_and_one_more_is_refused() -> None:
    tier = f"[[chains.regtest.tiers]]\n{TIER}"
    assert len(section(after=tier * MAX_TIERS).tiers) == MAX_TIERS
    assert faults(after=tier * (MAX_TIERS + 1)) == [("POLICY-COUNT", "chains.regtest.tiers")]


def test_without_a_list_of_actions_all_of_them_may_be_signed() -> None:
    assert section().actions == section(text=EVM_TEXT).actions == ACTIONS


def test_actions_are_read_in_one_order() -> None:
    expected = ("payment", "self-transfer")
    for words in ('"self-transfer", "payment"', '"payment", "self-transfer"'):
        assert section(f"actions = [{words}]").actions == expected


def test_payments_in_tokens_are_an_action_of_evm_networks_alone() -> None:
    every = f"actions = {list(ACTIONS)}"
    assert section(every, text=EVM_TEXT).actions == tuple(sorted(ACTIONS))
    assert section('actions = ["token-payment"]', text=EVM_TEXT).actions == ("token-payment",)
    assert faults('actions = ["token-payment"]') == [("POLICY-WORD", "chains.regtest.actions[0]")]


@pytest.mark.parametrize("words", ["", '"payment", "payment"', '"payment", "self-transfer", "payment"'])
def test_a_list_of_actions_names_at_least_one_and_each_once(words: str) -> None:
    assert faults(f"actions = [{words}]") == [("POLICY-COUNT", "chains.regtest.actions")]


def test_an_action_that_nobody_knows_is_refused() -> None:
    assert faults('actions = ["approve"]') == [("POLICY-WORD", "chains.regtest.actions[0]")]


@pytest.mark.parametrize("percent", [0, 100])
def test_the_fee_is_at_most_nothing_or_as_much_as_the_payments(percent: int) -> None:
    (found,) = Policy.parse(TEXT.replace("fee_percent_cap = 10", f"fee_percent_cap = {percent}").encode()).chains
    assert found.fee_percent_cap == percent


@pytest.mark.parametrize("feerate", [1, 1_000_000])
def test_the_feerate_ends_where_it_is_said_to(feerate: int) -> None:
    (found,) = Policy.parse(TEXT.replace("feerate_cap = 200", f"feerate_cap = {feerate}").encode()).chains
    assert found.feerate_cap == feerate


def test_each_bound_of_a_coin_and_of_a_token_is_its_own() -> None:
    keys = {
        "day_caps": "cap_per_day",
        "week_caps": "cap_per_week",
        "month_caps": "cap_per_30_days",
        "first_payments": "first_payment",
        "known_above": "known_above",
        "signed_above": "signed_above",
        "to_hot_caps": "to_hot_per_day",
    }
    coin = "".join(f'{key} = {{coin = "{number}"}}\n' for number, key in enumerate(keys.values(), 1))
    token = "".join(f'{key} = "{number}"\n' for number, key in enumerate(keys.values(), 11))
    after = f'[[chains.ethereum.tokens]]\ncontract = "{CONTRACT}"\ncap_per_transaction = "10"\n{token}'
    found = section(coin, after=after, text=EVM_TEXT)
    for number, name in enumerate(keys, 1):
        assert getattr(found, name) == ((ETHER, number), (USDC, number + 10))
    assert found.caps[1] == (USDC, 10)


def test_an_asset_is_the_coin_unless_a_contract_on_an_evm_network_is_named() -> None:
    contract = bytes.fromhex(CONTRACT[2:])
    assert asset_id(chains.ETHEREUM, None) == ETHER
    assert asset_id(chains.ETHEREUM, contract) == USDC
    assert asset_id(chains.REGTEST, None) == asset_id(chains.REGTEST, contract) == COIN
