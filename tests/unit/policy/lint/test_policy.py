"""What may be wrong with a policy that can be read: each finding on a policy that has it, and none on a good one."""

import re
from pathlib import Path

import examples
import pytest

from custody.policy.document import Policy
from custody.policy.lint.policy import LintFinding, lint

NOW = 1_767_225_600  # 2026-01-01

GOOD = Path(__file__).with_name("good_policy.toml").read_text("utf-8")
ESCALATIONS = GOOD[GOOD.index("[[escalations]]") : GOOD.index("[chains.bitcoin]")]
APPROVALS = GOOD[GOOD.index("[[approvals]]") : GOOD.index("[[escalations]]")]
NEW = GOOD[GOOD.index("[new_destinations]") : GOOD.index("[[allowlist]]")]
OWN = GOOD[GOOD.index("[[own_accounts]]") : GOOD.index("[[approvals]]")]
LAST_ESCALATION = '[[escalations]]\nconcern = "new_destination"\nrole = "compliance"\ncount = 2\n'
ERROR, WARNING = "error", "warning"


def found(text: str, **options: object) -> list[tuple[str, str, str]]:
    findings = lint(Policy.parse(text.encode()), NOW, **options)  # type: ignore[arg-type]
    assert all(isinstance(one, LintFinding) and one.why for one in findings)
    return [(one.severity, one.code, one.where) for one in findings]


def test_a_good_policy_gives_no_finding() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('cap_per_day.coin = "200000000"', 'cap_per_day.coin = "99999999"',
         (WARNING, "LINT-PERIODS", "chains.bitcoin.cap_per_day.coin")),
        ('cap_per_week.coin = "500000000"', 'cap_per_week.coin = "199999999"',
         (WARNING, "LINT-PERIODS", "chains.bitcoin.cap_per_week.coin")),
        ('cap_per_30_days.coin = "900000000"', 'cap_per_30_days.coin = "499999999"',
         (WARNING, "LINT-PERIODS", "chains.bitcoin.cap_per_30_days.coin")),
        ('first_payment.coin = "100"', 'first_payment.coin = "100000001"',
         (WARNING, "LINT-FIRST-CAP", "chains.bitcoin.first_payment.coin")),
        ('known_above.coin = "200"', 'known_above.coin = "200000000"',
         (ERROR, "LINT-KNOWN-ABOVE", "chains.bitcoin.known_above.coin")),
        ('known_above.coin = "200"', 'known_above.coin = "100000000"',
         (WARNING, "LINT-KNOWN-ABOVE", "chains.bitcoin.known_above.coin")),
        ('known_above.coin = "200"', "", (WARNING, "LINT-KNOWN-NONE", "chains.bitcoin.known_above.coin")),
        ('signed_above.coin = "500"', 'signed_above.coin = "100000000"',
         (WARNING, "LINT-SIGNED-ABOVE", "chains.bitcoin.signed_above.coin")),
        ('signed_above.coin = "500"', 'signed_above.coin = "200000000"',
         (ERROR, "LINT-SIGNED-ABOVE", "chains.bitcoin.signed_above.coin")),
        ('above = "800"', 'above = "200000000"',
         (ERROR, "LINT-TIER-ABOVE", "chains.bitcoin.tiers[coin above 200000000]")),
        ('above = "800"', 'above = "100000000"',
         (WARNING, "LINT-TIER-ABOVE", "chains.bitcoin.tiers[coin above 100000000]")),
        ('above = "800"\nrole = "compliance"\ncount = 2', 'above = "800"\nrole = "compliance"\ncount = 1',
         (ERROR, "LINT-TIER-WEAK", "chains.bitcoin.tiers[coin above 800]")),
        ('above = "800"\nrole = "compliance"\ncount = 2', 'above = "800"\nrole = "approver"\ncount = 2',
         (ERROR, "LINT-TIER-WEAK", "chains.bitcoin.tiers[coin above 800]")),
        ('to_hot_per_day.coin = "600"', "", (WARNING, "LINT-HOT-NONE", "chains.bitcoin.to_hot_per_day")),
        ('to_hot_per_day.coin = "600"', 'to_hot_per_day.coin = "0"',
         (WARNING, "LINT-HOT-NONE", "chains.bitcoin.to_hot_per_day")),
        ('tier = "hot"', 'tier = "cold"', (ERROR, "LINT-HOT-IDLE", "chains.bitcoin.to_hot_per_day.coin")),
        (OWN, "", (ERROR, "LINT-HOT-IDLE", "chains.bitcoin.to_hot_per_day.coin")),
        ('fee_cap = "500000"', 'fee_cap = "10"', (ERROR, "LINT-FEE", "chains.bitcoin.fee_cap")),
        ('fee_cap = "20000000000000000"', 'fee_cap = "20999999999"', (ERROR, "LINT-FEE", "chains.ethereum.fee_cap")),
        ("feerate_cap = 300\nfee_percent_cap = 2", "feerate_cap = 300\nfee_percent_cap = 0",
         (ERROR, "LINT-FEE", "chains.bitcoin.fee_percent_cap")),
        ('known_above.coin = "0"\n', 'known_above.coin = "0"\nactions = ["payment"]\n',
         (ERROR, "LINT-ACTIONS",
          "chains.ethereum.tokens[0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48].cap_per_transaction")),
        ('signed_above.coin = "500"', 'signed_above.coin = "500"\nactions = ["self-transfer"]',
         (ERROR, "LINT-ACTIONS", "chains.bitcoin.cap_per_transaction.coin")),
        (APPROVALS, "", (WARNING, "LINT-APPROVALS-NONE", "approvals")),
        ("repeat_days = 14", "repeat_days = 0", (WARNING, "LINT-REPEAT-NONE", "repeat_days")),
        ('from = "09:00"', 'from = "09:00"', None),
        (GOOD[GOOD.index("[hours]") : GOOD.index("[new_destinations]")], "",
         (ERROR, "LINT-ESCALATION-IDLE", "escalations[out_of_hours, approver]")),
        ("escalate_after_hours = 24\n", "", (ERROR, "LINT-ESCALATION-IDLE", "escalations[stale_list, compliance]")),
        (ESCALATIONS, ESCALATIONS + '[[escalations]]\nconcern = "duplicate"\nrole = "approver"\ncount = 2\n',
         (ERROR, "LINT-ESCALATION-WEAK", "escalations[duplicate, approver]")),
        ('concern = "stale_list"\nrole = "compliance"', 'concern = "duplicate"\nrole = "compliance"',
         (ERROR, "LINT-LIST-AGE-IDLE", "list_age.deny_after_hours")),
        ('chain = "bitcoin"\naddress = "bc1q', 'chain = "signet"\naddress = "tb1q',
         (ERROR, "LINT-ALLOW-CHAIN", "allowlist[Partner]")),
        ('chain = "bitcoin"\nchecksum', 'chain = "signet"\nchecksum',
         (ERROR, "LINT-OWN-CHAIN", "own_accounts[Hot one]")),
        ('valid_until = "2026-06-01', 'valid_until = "2026-01-01',
         (WARNING, "LINT-RATE-EXPIRED", "travel_rule.rates[bip122:000000000019d6689c085ae165831e93/slip44:0, USD]")),
        ('chain = "bitcoin"\ncurrency', 'chain = "ronin"\ncurrency',
         (WARNING, "LINT-RATE-ASSET", "travel_rule.rates[eip155:2020/slip44:60, USD]")),
        ('currency = "USD"', 'currency = "EUR"',
         (WARNING, "LINT-RATE-CURRENCY", "travel_rule.rates[bip122:000000000019d6689c085ae165831e93/slip44:0, EUR]")),
    ],
)  # fmt: skip
def test_each_finding_is_made(old: str, new: str, finding: tuple[str, str, str] | None) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if 'address = "tb1q' in new:
        text = text.replace("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx")
    told = found(text)
    assert (finding in told) if finding else (told == [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('cap_per_day.coin = "200000000"', 'cap_per_day.coin = "100000000"'),
        ('cap_per_week.coin = "500000000"', 'cap_per_week.coin = "200000000"'),
        ('first_payment.coin = "100"', 'first_payment.coin = "100000000"'),
        ('known_above.coin = "200"', 'known_above.coin = "99999999"'),
        ('signed_above.coin = "500"', 'signed_above.coin = "99999999"'),
        ('fee_cap = "500000"', 'fee_cap = "11"'),
        ('fee_cap = "20000000000000000"', 'fee_cap = "21000000000"'),
        ('known_above.coin = "200"\nsigned_above.coin = "500"', 'signed_above.coin = "0"'),
        ('cap_per_transaction.coin = "500000000000000000000"', 'cap_per_transaction.coin = "0"'),
        # 2 % of it are exactly the least that a transaction costs.
        ('cap_per_transaction.coin = "500000000000000000000"', 'cap_per_transaction.coin = "1050000000000"'),
    ],
)
def test_what_stands_exactly_at_an_edge_is_good(old: str, new: str) -> None:
    assert old in GOOD
    codes = {code for _, code, _ in found(GOOD.replace(old, new, 1))}
    assert codes <= {"LINT-KNOWN-ABOVE", "LINT-TIER-ABOVE"} - ({"LINT-KNOWN-ABOVE"} if "known" in new else set())


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('cap_per_day.coin = "200000000"', 'cap_per_day.coin = "10"', "chains.bitcoin.fee_cap"),
        ('cap_per_transaction.coin = "500000000000000000000"', 'cap_per_transaction.coin = "1049999999999"',
         "chains.ethereum.fee_percent_cap"),
    ],
)  # fmt: skip
def test_what_leaves_no_room_for_a_fee_is_told(old: str, new: str, place: str) -> None:
    assert old in GOOD
    assert (ERROR, "LINT-FEE", place) in found(GOOD.replace(old, new, 1))


def test_a_signature_for_some_payments_leaves_the_others_to_anybody() -> None:
    text = GOOD.replace('known_above.coin = "200"\nsigned_above.coin = "500"', 'signed_above.coin = "1"')
    assert (WARNING, "LINT-KNOWN-NONE", "chains.bitcoin.known_above.coin") in found(text)


def test_a_list_without_an_age_is_told() -> None:
    text = GOOD.replace("[list_age]\nescalate_after_hours = 24\ndeny_after_hours = 168\n", "")
    assert (WARNING, "LINT-LIST-AGE-NONE", "list_age") in found(text)


def test_a_list_that_is_only_refused_for_its_age_needs_nobody_who_answers() -> None:
    stale = '[[escalations]]\nconcern = "stale_list"\nrole = "compliance"\ncount = 1\n'
    assert stale in GOOD
    assert found(GOOD.replace("escalate_after_hours = 24\n", "").replace(stale, "")) == []


def test_a_concern_is_answered_for_where_one_of_several_roles_is_not_asked_anyway() -> None:
    anyway = LAST_ESCALATION.replace("compliance", "approver")
    assert found(GOOD.replace(LAST_ESCALATION, LAST_ESCALATION + anyway)) == []


def test_a_rate_in_the_currency_of_a_proof_of_ownership_is_used() -> None:
    text = GOOD.replace('profile = "us"', 'profile = "eu"')
    assert [code for _, code, _ in found(text)] == ["LINT-RATE-CURRENCY"]
    assert found(text.replace('currency = "USD"', 'currency = "EUR"')) == []


def test_a_rate_of_an_asset_whose_cap_is_nothing_is_told() -> None:
    text = GOOD.replace('chain = "bitcoin"\ncurrency', 'chain = "ethereum"\ncurrency')
    assert found(text) == []
    nothing = text.replace('cap_per_transaction.coin = "500000000000000000000"', 'cap_per_transaction.coin = "0"')
    assert (WARNING, "LINT-RATE-ASSET", "travel_rule.rates[eip155:1/slip44:60, USD]") in found(nothing)


def test_nobody_can_be_paid_a_first_time() -> None:
    without = GOOD.replace('first_payment.coin = "100"', "").replace(LAST_ESCALATION, "")
    assert without != GOOD
    assert (ERROR, "LINT-FIRST-NONE", "chains.bitcoin.first_payment.coin") in found(without)
    # An escalation answers for it, or a first payment is allowed.
    assert found(GOOD.replace('first_payment.coin = "100"', "")) == []
    assert found(GOOD.replace(LAST_ESCALATION, "")) == []


def test_a_first_payment_where_nobody_is_new_is_told() -> None:
    text = GOOD.replace(NEW, "").replace(LAST_ESCALATION, "")
    assert [one for one in found(text) if one[1] == "LINT-FIRST-IDLE"] == [
        (ERROR, "LINT-FIRST-IDLE", "chains.bitcoin.first_payment.coin"),
        (ERROR, "LINT-FIRST-IDLE", "chains.ethereum.first_payment.coin"),
        (ERROR, "LINT-FIRST-IDLE",
         "chains.ethereum.tokens[0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48].first_payment"),
    ]  # fmt: skip


def test_a_tier_of_an_asset_that_is_not_paid_is_told() -> None:
    text = GOOD.replace('cap_per_transaction = "1000"', 'cap_per_transaction = "0"') + (
        f'\n[[chains.ethereum.tiers]]\nabove = "1"\ncontract = "{examples.USDC.asset_id.rsplit(":", 1)[1]}"\n'
        'role = "compliance"\ncount = 1\n'
    )
    place = "chains.ethereum.tiers[0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 above 1]"
    assert (ERROR, "LINT-TIER-ASSET", place) in found(text)


@pytest.mark.parametrize(
    ("reach", "places"),
    [
        ({"approver": (4, 2), "compliance": (3, 1)}, []),
        ({"approver": (4, 1), "compliance": (3, 1)}, ["approvals[approver]"]),
        ({"approver": (2, 2), "compliance": (3, 1)}, ["escalations[out_of_hours]"]),
        ({"approver": (4, 2), "compliance": (1, 1)}, ["chains.bitcoin.tiers[800]", "escalations[new_destination]"]),
    ],
)
def test_what_the_roster_cannot_give_is_told(reach: dict[str, tuple[int, int]], places: list[str]) -> None:
    assert found(GOOD, reach=reach.__getitem__) == [(ERROR, "LINT-ROSTER", place) for place in places]


def test_a_test_network_may_pay_anybody() -> None:
    assert "LINT-KNOWN-NONE" not in {code for _, code, _ in found(examples.POLICY.decode())}


def test_errors_come_first_and_each_finding_once() -> None:
    told = found(GOOD.replace(APPROVALS, "").replace('known_above.coin = "200"', 'known_above.coin = "200000000"'))
    assert [severity for severity, *_ in told] == sorted(severity for severity, *_ in told)
    assert len(set(told)) == len(told)


def test_every_code_of_a_finding_is_tried_here(project: Path) -> None:
    page = (project / "docs/spec/codes.md").read_text("utf-8")
    listed = set(re.findall(r"^\| (LINT-[A-Z-]+) \| lint", page, re.M))
    source = Path(__file__).read_text("utf-8")
    assert len(listed) > 20
    assert {code for code in listed if f'"{code}"' not in source} == set()
