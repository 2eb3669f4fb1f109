"""What may be wrong on one network: of tiers only those of the same asset count, and of hot accounts one is named."""

from pathlib import Path

from custody.policy.document import Policy
from custody.policy.lint.policy import lint

NOW = 1_767_225_600  # 2026-01-01
GOOD = Path(__file__).with_name("good_policy.toml").read_text("utf-8")
OWN = GOOD[GOOD.index("[[own_accounts]]") : GOOD.index("[[approvals]]")]
TIER = '\n[[chains.ethereum.tiers]]\nabove = "{}"\nrole = "compliance"\ncount = 1\n'


def test_a_tier_of_another_asset_makes_none_weak() -> None:
    token = TIER.format(2) + 'contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"\n'
    assert lint(Policy.parse((GOOD + TIER.format(1) + token).encode()), NOW) == ()


def test_of_several_hot_accounts_the_first_is_named() -> None:
    second = OWN.replace("Hot one", "Hot two").replace("acdf2345", "acdf2346")
    text = GOOD.replace(OWN, OWN + second).replace('to_hot_per_day.coin = "600"', "")
    (finding,) = lint(Policy.parse(text.encode()), NOW)
    assert finding.why == "nothing goes to Hot one, which is hot: no asset has a to_hot_per_day"
