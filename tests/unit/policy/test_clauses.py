"""The clauses of a policy that hold on every network, and those of a chain beyond its caps: read, and refused."""

import re
from typing import Any

import examples
import pytest

from custody import chains
from custody.codec.schema import SchemaError
from custody.policy.chain_policy import ACTIONS, Tier
from custody.policy.clauses import (
    Allowed,
    Escalation,
    Hours,
    ListAge,
    NewDestinations,
    OwnAccount,
    TravelRulePolicy,
)
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import Policy
from custody.screening.address import decode_address
from custody.travel_rule.rates import ReferenceRate

COIN = chains.REGTEST.coin.asset_id
TWO = Requirement(2, "approver", 1)
USDC = examples.USDC.asset_id
CONTRACT = USDC.rsplit(":", 1)[1]


def document(tables: str, base: bytes = examples.POLICY) -> bytes:
    """A policy with more tables: those before the first of its own, keys at the very top."""
    top, rest = base.decode().split("[originating_vasp]", 1)
    keys, _, more = tables.partition("\n[")
    return f"{top}{keys}\n[originating_vasp]{rest}\n{'[' + more if more else ''}".encode()


def read(tables: str, base: bytes = examples.POLICY) -> Policy:
    return Policy.parse(document(tables, base))


def faults(tables: str, base: bytes = examples.POLICY) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        read(tables, base)
    return [(finding.code.removeprefix("POLICY-"), finding.where) for finding in caught.value.findings]


def test_a_policy_without_clauses_has_their_defaults() -> None:
    policy = read("")
    assert policy.travel_rule == TravelRulePolicy("jp", ())
    assert (policy.list_age, policy.hours, policy.new_destinations) == (None, None, None)
    assert (policy.allowlist, policy.own_accounts, policy.escalations) == ((), (), ())
    assert policy.request_hours == 24
    (chain,) = policy.chains
    assert (chain.tiers, chain.actions, chain.known_above, chain.first_payments) == ((), ACTIONS, (), ())


HOURS = '\n[hours]\nutc_offset = "+09:00"\ndays = ["fri", "mon"]\nfrom = "09:00"\nto = "18:00"'


def test_hours_are_read_as_minutes() -> None:
    assert read(HOURS).hours == Hours(540, (0, 4), 540, 1080)
    west = HOURS.replace("+09:00", "-03:30").replace("18:00", "24:00").replace('"09:00"', '"00:00"')
    assert read(west).hours == Hours(-210, (0, 4), 0, 1440)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"+09:00"', '"09:00"', ("TEXT", "hours.utc_offset")),
        ('"+09:00"', '"+15:00"', ("TEXT", "hours.utc_offset")),
        ('"+09:00"', '"+09:60"', ("TEXT", "hours.utc_offset")),
        ('"+09:00"', "9", ("TEXT", "hours.utc_offset")),
        ('"18:00"', '"24:01"', ("TEXT", "hours.to")),
        ('"18:00"', '"9:00"', ("TEXT", "hours.to")),
        ('"18:00"', '"09:00"', ("NUMBER", "hours.to")),
        ('"18:00"', '"08:59"', ("NUMBER", "hours.to")),
        ('["fri", "mon"]', "[]", ("COUNT", "hours.days")),
        ('["fri", "mon"]', '["fri", "fri"]', ("COUNT", "hours.days")),
        ('["fri", "mon"]', '["friday"]', ("WORD", "hours.days[0]")),
        ('to = "18:00"', "", ("MISSING", "hours.to")),
        ('to = "18:00"', 'to = "18:00"\nholidays = []', ("KEY", "hours")),
    ],
)
def test_hours_of_another_form_are_refused(old: str, new: str, found: tuple[str, str]) -> None:
    assert HOURS.count(old) == 1
    assert faults(HOURS.replace(old, new)) == [found]


def test_the_age_of_a_list_is_read() -> None:
    assert read("\n[list_age]\ndeny_after_hours = 168").list_age == ListAge(168)
    both = "\n[list_age]\nescalate_after_hours = 24\ndeny_after_hours = 168"
    assert read(both).list_age == ListAge(168, 24)


@pytest.mark.parametrize(("escalate", "deny"), [(168, 168), (169, 168)])
def test_more_people_cannot_be_asked_only_when_nothing_is_paid_any_more(escalate: int, deny: int) -> None:
    tables = f"\n[list_age]\nescalate_after_hours = {escalate}\ndeny_after_hours = {deny}"
    assert faults(tables) == [("NUMBER", "list_age.escalate_after_hours")]


def test_ages_are_in_range() -> None:
    assert faults("\n[list_age]\ndeny_after_hours = 0") == [("NUMBER", "list_age.deny_after_hours")]
    assert faults("\n[list_age]\ndeny_after_hours = 8785") == [("NUMBER", "list_age.deny_after_hours")]
    assert faults("\n[list_age]\nescalate_after_hours = 3") == [("MISSING", "list_age.deny_after_hours")]
    assert faults("request_hours = 25") == [("NUMBER", "request_hours")]
    assert faults("request_hours = 0") == [("NUMBER", "request_hours")]
    assert read("request_hours = 2").request_hours == 2


def test_when_a_payee_is_new_is_read() -> None:
    tables = "\n[new_destinations]\ncool_down_hours = 24\nforget_days = 180"
    assert read(tables).new_destinations == NewDestinations(24, 180)


@pytest.mark.parametrize(("hours", "days"), [(24, 1), (49, 2)])
def test_a_payee_is_not_forgotten_before_he_is_known(hours: int, days: int) -> None:
    tables = f"\n[new_destinations]\ncool_down_hours = {hours}\nforget_days = {days}"
    assert faults(tables) == [("NUMBER", "new_destinations.forget_days")]


ALLOWED = f'\n[[allowlist]]\nchain = "regtest"\naddress = "{examples.PAYEE}"\nname = "Partner"'


def test_an_allowlist_is_read() -> None:
    program = decode_address(examples.PAYEE)
    assert read(ALLOWED).allowlist == (Allowed(chains.REGTEST, examples.PAYEE, "Partner", program),)
    capitals = ALLOWED.replace(examples.PAYEE, examples.PAYEE.upper())
    assert read(capitals).allowlist == read(ALLOWED).allowlist


def test_an_allowlist_names_each_destination_once_however_it_is_written() -> None:
    again = ALLOWED.replace(examples.PAYEE, examples.PAYEE.upper()).replace("Partner", "Another")
    assert faults(ALLOWED + again) == [("COUNT", "allowlist")]


@pytest.mark.parametrize(
    "address",
    [
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        examples.PAYEE[:-1] + "q",
        examples.EVM_PAYEE,
        "nothing",
    ],
)
def test_an_allowlist_holds_addresses_of_its_chain(address: str) -> None:
    assert faults(ALLOWED.replace(examples.PAYEE, address)) == [("TEXT", "allowlist[0]")]


def test_an_evm_address_is_spelled_with_its_checksum() -> None:
    tables = f'\n[[allowlist]]\nchain = "anvil"\naddress = "{examples.EVM_PAYEE.lower()}"\nname = "Partner"'
    assert [allowed.address for allowed in read(tables, examples.EVM_POLICY).allowlist] == [examples.EVM_PAYEE]
    wrong = tables.replace(examples.EVM_PAYEE.lower(), examples.EVM_PAYEE.swapcase().replace("0X", "0x"))
    assert faults(wrong, examples.EVM_POLICY) == [("TEXT", "allowlist[0]")]


HOT = '\n[[own_accounts]]\nname = "Hot"\ntier = "hot"\nchain = "regtest"\nchecksum = "ht0pjkk8"'


def test_own_accounts_are_read() -> None:
    assert read(HOT).own_accounts == (OwnAccount("Hot", "hot", chains.REGTEST, checksum="ht0pjkk8"),)
    evm = f'\n[[own_accounts]]\nname = "E"\ntier = "warm"\nchain = "anvil"\naddress = "{examples.EVM_PAYEE}"'
    named = OwnAccount("E", "warm", chains.ANVIL, address=examples.EVM_PAYEE)
    assert read(evm, examples.EVM_POLICY).own_accounts == (named,)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('checksum = "ht0pjkk8"', "", ("COUNT", "own_accounts[0]")),
        ('checksum = "ht0pjkk8"', f'checksum = "ht0pjkk8"\naddress = "{examples.PAYEE}"', ("COUNT", "own_accounts[0]")),
        ('checksum = "ht0pjkk8"', f'address = "{examples.PAYEE}"', ("TEXT", "own_accounts[0]")),
        ('chain = "regtest"', 'chain = "anvil"', ("TEXT", "own_accounts[0]")),
        ('"ht0pjkk8"', '"ht0pjkk"', ("TEXT", "own_accounts[0].checksum")),
        ('"ht0pjkk8"', '"HT0PJKK8"', ("TEXT", "own_accounts[0].checksum")),
        ('"ht0pjkk8"', '"bbbbbbbb"', ("TEXT", "own_accounts[0].checksum")),
        ('"hot"', '"frozen"', ("WORD", "own_accounts[0].tier")),
    ],
)
def test_own_accounts_of_another_form_are_refused(old: str, new: str, found: tuple[str, str]) -> None:
    assert found in faults(HOT.replace(old, new))


def test_an_own_account_s_address_is_one_of_its_network() -> None:
    wrong = examples.EVM_PAYEE.swapcase().replace("0X", "0x")
    evm = f'\n[[own_accounts]]\nname = "E"\ntier = "warm"\nchain = "anvil"\naddress = "{wrong}"'
    assert faults(evm, examples.EVM_POLICY) == [("TEXT", "own_accounts[0]")]


def test_own_accounts_have_different_names() -> None:
    assert faults(HOT + HOT.replace("ht0pjkk8", "qqqqqqqq")) == [("COUNT", "own_accounts")]


def test_escalations_are_read_and_asked_by_concern() -> None:
    tables = '\n[[escalations]]\nconcern = "duplicate"\nrole = "approver"\ncount = 2'
    policy = read(tables)
    assert policy.escalations == (Escalation("duplicate", TWO),)
    assert policy.answered("duplicate") == (TWO,)
    assert [policy.answered(concern) for concern in ("", *CONCERNS) if concern != "duplicate"] == [()] * len(CONCERNS)
    assert faults(tables + tables.replace("count = 2", "count = 3")) == [("COUNT", "escalations")]
    assert faults(tables.replace("duplicate", "flagged")) == [("WORD", "escalations[0].concern")]
    impossible = tables + "\norganisations = 3"
    assert faults(impossible) == [("NUMBER", "escalations[0].organisations")]


RATE = """
[[travel_rule.rates]]
chain = "{}"
{}currency = "USD"
price = "6750000"
valid_until = "2026-12-01T00:00:00Z"
"""


def test_reference_rates_are_read() -> None:
    until = 1_796_083_200
    policy = read('\n[travel_rule]\nprofile = "us"' + RATE.format("regtest", ""))
    assert policy.travel_rule == TravelRulePolicy("us", (ReferenceRate(COIN, "USD", 6_750_000, until),))
    token = RATE.format("ethereum", f'contract = "{CONTRACT}"\n')
    assert read(token, examples.EVM_POLICY).travel_rule.rates == (ReferenceRate(USDC, "USD", 6_750_000, until),)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"USD"', '"usd"', ("WORD", "currency")),
        ('"6750000"', "67500.00", ("NUMBER", "price")),
        ("2026-12-01T00:00:00Z", "2026-12-01", ("TEXT", "valid_until")),
        ("2026-12-01T00:00:00Z", "2026-13-01T00:00:00Z", ("TEXT", "valid_until")),
    ],
)
def test_rates_of_another_form_are_refused(old: str, new: str, found: tuple[str, str]) -> None:
    code, key = found
    assert faults(RATE.format("regtest", "").replace(old, new)) == [(code, f"travel_rule.rates[0].{key}")]


def test_each_asset_has_one_rate_in_a_currency() -> None:
    rate = RATE.format("regtest", "")
    assert faults(rate + rate.replace("6750000", "1")) == [("COUNT", "travel_rule.rates")]
    assert len(read(rate + rate.replace("USD", "EUR")).travel_rule.rates) == 2


def chain(keys: str, base: bytes = examples.POLICY, alias: str = "regtest") -> Any:
    """The section of a chain with more keys of its own."""
    text = base.decode().replace(f"[chains.{alias}]\n", f"[chains.{alias}]\n{keys}\n")
    return Policy.parse(text.encode()).chain(chains.chain(alias).chain_id)


BOUNDS = {
    "cap_per_day": "day_caps",
    "cap_per_week": "week_caps",
    "cap_per_30_days": "month_caps",
    "first_payment": "first_payments",
    "known_above": "known_above",
    "signed_above": "signed_above",
    "to_hot_per_day": "to_hot_caps",
}


@pytest.mark.parametrize("key", BOUNDS)
def test_each_bound_of_the_coin_is_read(key: str) -> None:
    section = chain(f'{key}.coin = "7"')
    assert {name: getattr(section, name) for name in BOUNDS.values()} == {
        name: ((COIN, 7),) if name == BOUNDS[key] else () for name in BOUNDS.values()
    }


@pytest.mark.parametrize("key", BOUNDS)
def test_each_bound_of_a_token_is_read(key: str) -> None:
    text = examples.EVM_POLICY.decode()
    line = re.search(r'contract = "0xA0b8[^\n]*\n', text)
    assert line
    policy = Policy.parse(text.replace(line[0], f'{line[0]}{key} = "7"\n').encode())
    section = policy.chain(chains.ETHEREUM.chain_id)
    assert getattr(section, BOUNDS[key]) == ((USDC, 7),)


def test_tiers_of_coin_and_token_are_read() -> None:
    asked = 'role = "approver", count = 2'
    section = chain(
        f'tiers = [{{above = "5", contract = "{CONTRACT}", {asked}}}, {{above = "9", {asked}}}]',
        examples.EVM_POLICY,
        "ethereum",
    )
    assert section.tiers == (Tier(USDC, 5, TWO), Tier(chains.ETHEREUM.coin.asset_id, 9, TWO))
    with pytest.raises(SchemaError):
        chain(f'tiers = [{{above = "5", contract = "{CONTRACT}", {asked}}}]')


def test_actions_are_those_of_the_network() -> None:
    assert chain('actions = ["payment"]').actions == ("payment",)
    for wrong in ('["token-payment"]', "[]", '["payment", "payment"]', '["sweep"]'):
        with pytest.raises(SchemaError):
            chain(f"actions = {wrong}")
    tokens = chain('actions = ["token-payment"]', examples.EVM_POLICY, "ethereum")
    assert tokens.actions == ("token-payment",)
