"""The policy file: a closed schema, every fault by name, nothing allowed by absence."""

import re
from pathlib import Path

import examples
import pytest
from eth_utils.address import to_checksum_address

from custody import chains
from custody.codec.schema import SchemaError
from custody.codec.toml import MAX_LINE_BYTES
from custody.errors import InputError
from custody.policy.chain_policy import ChainPolicy
from custody.policy.decision import Requirement
from custody.policy.document import MAX_POLICY_BYTES, OriginatingVasp, Policy

TEXT = examples.POLICY.decode()


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        Policy.parse(text.encode())
    return [(finding.code.removeprefix("POLICY-"), finding.where) for finding in caught.value.findings]


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_a_policy_is_read() -> None:
    policy = Policy.parse(examples.POLICY)
    caps = ((chains.REGTEST.coin.asset_id, 1_000_000_000_000),)
    regtest = ChainPolicy(chains.REGTEST, caps, fee_cap=100_000, feerate_cap=200, fee_percent_cap=10)
    assert policy == Policy(examples.HOUSE, OriginatingVasp(examples.HOUSE, examples.HOUSE_LEI), (regtest,))
    assert policy.chain(chains.REGTEST.chain_id) == regtest
    assert policy.chain(chains.BITCOIN.chain_id) is None


def test_the_example_on_the_page_is_a_policy(project: Path) -> None:
    page = (project / "docs/spec/policy.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:policy -->\n```toml\n(.*?)```", page, re.DOTALL)
    policy = Policy.parse(written.encode())
    assert [entry.chain.alias for entry in policy.chains] == ["bitcoin", "regtest", "ethereum"]
    assert policy.approvals == (Requirement(2, "approver", 2),)
    assert policy.repeat_days == 14
    assert policy.chains[0].day_caps == ((chains.BITCOIN.coin.asset_id, 200 * 10**8),)
    assert policy.chains[0].caps == ((chains.BITCOIN.coin.asset_id, 50 * 10**8),)
    assert policy.chains[1:2] == Policy.parse(examples.POLICY).chains
    assert policy.chains[2:] == Policy.parse(examples.EVM_POLICY).chains[:1]


REQUIRED = {
    "version": "version = 1\n",
    "house": f'house = "{examples.HOUSE}"\n',
    "originating_vasp.name": f'name = "{examples.HOUSE}"\n',
    "chains.regtest.fee_cap": 'fee_cap = "100000"\n',
    "chains.regtest.feerate_cap": "feerate_cap = 200\n",
    "chains.regtest.fee_percent_cap": "fee_percent_cap = 10\n",
    "chains.regtest.cap_per_transaction.coin": 'coin = "1000000000000"\n',
}


@pytest.mark.parametrize("place", REQUIRED)
def test_every_other_key_is_required(place: str) -> None:
    assert faults(changed("\n" + REQUIRED[place], "\n")) == [("MISSING", place)]


def test_the_lei_is_optional() -> None:
    assert Policy.parse(changed(f'lei = "{examples.HOUSE_LEI}"', "").encode()).originating_vasp.lei is None


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("top level", 'house = "x"\nallow_all = true'),
        ("originating_vasp", f'name = "{examples.HOUSE}"\nbic = "EXAMPLE"'),
        ("chains.regtest", "feerate_cap = 200\nfeerate = 1"),
        ("chains.regtest.cap_per_transaction", 'coin = "1000000000000"\nusdt = "1"'),
    ],
)
def test_an_unknown_key_is_refused_by_name(place: str, line: str) -> None:
    old = 'house = "Example Exchange KK"' if place == "top level" else line.split("\n")[0]
    with pytest.raises(SchemaError) as caught:
        Policy.parse(changed(old, line).encode())
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("POLICY-KEY", place)
    assert line.split("\n")[1].split(" ")[0] in finding.observed
    assert old.split(" ")[0] in finding.required


def test_a_chain_that_is_not_served_is_refused() -> None:
    text = TEXT.replace("chains.regtest", "chains.dogecoin")
    assert faults(text) == [("KEY", "chains")]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("version = 1", "version = 2", "version"),
        ("version = 1", "version = true", "version"),
        ("version = 1", "version = 1.0", "version"),
        ("version = 1", 'version = "1"', "version"),
        ('fee_cap = "100000"', "fee_cap = 100000", "chains.regtest.fee_cap"),
        ('fee_cap = "100000"', 'fee_cap = "100_000"', "chains.regtest.fee_cap"),
        ('fee_cap = "100000"', 'fee_cap = "0.001"', "chains.regtest.fee_cap"),
        ('fee_cap = "100000"', 'fee_cap = "-1"', "chains.regtest.fee_cap"),
        ("feerate_cap = 200", "feerate_cap = 0", "chains.regtest.feerate_cap"),
        ("feerate_cap = 200", "feerate_cap = 200.5", "chains.regtest.feerate_cap"),
        ("feerate_cap = 200", "feerate_cap = inf", "chains.regtest.feerate_cap"),
        ("feerate_cap = 200", "feerate_cap = 1000001", "chains.regtest.feerate_cap"),
        ("fee_percent_cap = 10", "fee_percent_cap = 101", "chains.regtest.fee_percent_cap"),
        ("fee_percent_cap = 10", "fee_percent_cap = -1", "chains.regtest.fee_percent_cap"),
        ('coin = "1000000000000"', "coin = nan", "chains.regtest.cap_per_transaction.coin"),
    ],
)
def test_numbers_are_whole_and_in_range(old: str, new: str, place: str) -> None:
    assert faults(changed(old, new)) == [("NUMBER", place)]


@pytest.mark.parametrize("lei", ["", "529900", "529900examplehouse78", "529900EXAMPLEHOUSE7X"])
def test_a_lei_has_its_form(lei: str) -> None:
    assert faults(changed(examples.HOUSE_LEI, lei)) == [("TEXT", "originating_vasp.lei")]


def test_tables_of_the_wrong_type_are_refused() -> None:
    assert faults('version = 1\nhouse = "x"\noriginating_vasp = "x"\nchains = []') == [
        ("TYPE", "originating_vasp"),
        ("TYPE", "chains"),
    ]


def test_every_fault_is_told() -> None:
    assert faults("version = 3") == [
        ("NUMBER", "version"),
        ("MISSING", "house"),
        ("MISSING", "originating_vasp"),
        ("MISSING", "chains"),
    ]


@pytest.mark.parametrize(
    "toml",
    [
        b"version",
        b"version = 1\nversion = 1",
        b"version = 01",
        b"\xff\xfe",
        b"\x00",
        b"a = 1979-13-45",
        b"a = " + b"[" * 900,
        b"[a]\n[a]",
    ],
)
def test_what_is_no_toml_is_refused(toml: bytes) -> None:
    with pytest.raises(InputError) as caught:
        Policy.parse(toml)
    assert caught.value.code == "POLICY-SYNTAX"


@pytest.mark.parametrize("toml", [b"#\n" * MAX_POLICY_BYTES, b"a." * MAX_LINE_BYTES + b"a = 1"])
def test_sizes_are_bounded(toml: bytes) -> None:
    with pytest.raises(InputError) as caught:
        Policy.parse(toml)
    assert caught.value.code == "POLICY-SIZE"


EVM_TEXT = examples.EVM_POLICY.decode()
USDC_CAP = """[[chains.ethereum.tokens]]
contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
cap_per_transaction = "1000000000000"
"""


def with_tokens(tokens: str) -> str:
    """The EVM policy with other tables for Ethereum's tokens."""
    assert EVM_TEXT.endswith(USDC_CAP)
    return EVM_TEXT.removesuffix(USDC_CAP) + tokens


def test_an_evm_policy_is_read() -> None:
    ethereum, anvil = Policy.parse(examples.EVM_POLICY).chains
    assert ethereum == ChainPolicy(
        chains.ETHEREUM,
        ((chains.ETHEREUM.coin.asset_id, 500 * 10**18), (examples.USDC.asset_id, 10**12)),
        fee_cap=2 * 10**16,
        feerate_cap=200,
        fee_percent_cap=2,
    )
    assert anvil.chain is chains.ANVIL
    assert anvil.caps[1] == (examples.ANVIL_TOKEN.asset_id, 10**21)


@pytest.mark.parametrize("network", chains.EVM_CHAINS, ids=lambda one: one.alias)
def test_every_evm_network_may_have_its_section(network: chains.EvmChain) -> None:
    (section,) = Policy.parse(TEXT.replace("chains.regtest", f"chains.{network.alias}").encode()).chains
    assert section.chain is network
    assert section.caps == ((network.coin.asset_id, 10**12),)


def test_a_bitcoin_network_has_no_tokens() -> None:
    assert faults(TEXT + USDC_CAP.replace("ethereum", "regtest")) == [("KEY", "chains.regtest")]


def test_one_contract_on_two_networks_is_two_tokens() -> None:
    text = EVM_TEXT + USDC_CAP.replace("chains.ethereum", "chains.anvil")
    contracts = {asset_id for section in Policy.parse(text.encode()).chains for asset_id, _ in section.caps[1:]}
    contract = examples.USDC.asset_id.removeprefix("eip155:1/")
    assert contracts == {examples.USDC.asset_id, examples.ANVIL_TOKEN.asset_id, f"eip155:31337/{contract}"}


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (USDC_CAP.replace("0xA0b8", "0xa0b8"), ("TEXT", "[0].contract")),
        (USDC_CAP.replace("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC"), ("TEXT", "[0].contract")),
        (USDC_CAP.replace("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
                          "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"), ("TEXT", "[0].contract")),
        (USDC_CAP.replace("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
                          "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), ("TEXT", "[0].contract")),
        (USDC_CAP.replace('"1000000000000"', "1000000000000"), ("NUMBER", "[0].cap_per_transaction")),
        (USDC_CAP.replace('"1000000000000"', '"1e12"'), ("NUMBER", "[0].cap_per_transaction")),
        (USDC_CAP.replace("contract", "address"), ("MISSING", "[0].contract")),
        (USDC_CAP.replace("cap_per_transaction", "cap"), ("MISSING", "[0].cap_per_transaction")),
        (USDC_CAP + 'symbol = "USDC"\n', ("KEY", "[0]")),
        (USDC_CAP * 2, ("COUNT", "")),
        (USDC_CAP + USDC_CAP.replace("1000000000000", "2"), ("COUNT", "")),
        (USDC_CAP.replace("[[", "[").replace("]]", "]"), ("TYPE", "")),
    ],
)  # fmt: skip
def test_a_token_that_is_not_clearly_named_and_capped_is_refused(tokens: str, found: tuple[str, str]) -> None:
    code, place = found
    assert (code, f"chains.ethereum.tokens{place}") in faults(with_tokens(tokens))


def test_the_tokens_of_a_network_are_bounded() -> None:
    def tables(count: int) -> str:
        contracts = (to_checksum_address(f"0x{number:040x}") for number in range(1, count + 1))
        return "".join(
            f'[[chains.ethereum.tokens]]\ncontract = "{one}"\ncap_per_transaction = "1"\n' for one in contracts
        )

    assert len(Policy.parse(with_tokens(tables(200)).encode()).chains[0].caps) == 201
    assert faults(with_tokens(tables(201))) == [("COUNT", "chains.ethereum.tokens")]


TWO_APPROVERS = '[[approvals]]\nrole = "approver"\ncount = 2\n'


def with_top(lines: str) -> str:
    """The policy with further lines before its first table."""
    return changed("version = 1\n", "version = 1\n" + lines)


def test_without_the_optional_keys_nobody_is_asked_seven_days_hold_and_no_day_is_bounded() -> None:
    policy = Policy.parse(examples.EVM_POLICY)
    assert (policy.approvals, policy.repeat_days) == ((), 7)
    assert [section.day_caps for section in policy.chains] == [(), ()]


def test_approvals_are_read_in_a_fixed_order() -> None:
    compliance = '[[approvals]]\nrole = "compliance"\ncount = 1\norganisations = 1\n'
    expected = (Requirement(1, "compliance", 1), Requirement(2, "approver", 1))
    for text in (TWO_APPROVERS + compliance, compliance + TWO_APPROVERS):
        assert Policy.parse((TEXT + text).encode()).approvals == expected


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("count = 2", "count = 0", ("NUMBER", "[0].count")),
        ("count = 2", "count = 11", ("NUMBER", "[0].count")),
        ("count = 2", 'count = "2"', ("NUMBER", "[0].count")),
        ("count = 2\n", "", ("MISSING", "[0].count")),
        ('role = "approver"\n', "", ("MISSING", "[0].role")),
        ("approver", "operator", ("WORD", "[0].role")),
        ("approver", "Approver", ("WORD", "[0].role")),
        ("count = 2", "count = 2\norganisations = 0", ("NUMBER", "[0].organisations")),
        ("count = 2", "count = 2\norganisations = 11", ("NUMBER", "[0].organisations")),
        ("count = 2", "count = 2\norganisations = 3", ("NUMBER", "[0].organisations")),
        ("count = 2", "count = 2\nminutes = 3", ("KEY", "[0]")),
        ("[[approvals]]", "[approvals]", ("TYPE", "")),
        ("count = 2", "count = 2\n" + TWO_APPROVERS.replace("2", "3"), ("COUNT", "")),
        ("count = 2", "count = 2\n" + TWO_APPROVERS * 2, ("COUNT", "")),
    ],
)
def test_approvals_that_nobody_could_give_or_read_are_refused(old: str, new: str, found: tuple[str, str]) -> None:
    code, place = found
    assert faults(TEXT + TWO_APPROVERS.replace(old, new)) == [(code, f"approvals{place}")]


def test_as_many_organisations_as_people_can_be_asked_for() -> None:
    text = TEXT + TWO_APPROVERS.replace("count = 2", "count = 10\norganisations = 10")
    assert Policy.parse(text.encode()).approvals == (Requirement(10, "approver", 10),)


@pytest.mark.parametrize("days", [0, 1, 90])
def test_days_without_repetition_are_read(days: int) -> None:
    assert Policy.parse(with_top(f"repeat_days = {days}\n").encode()).repeat_days == days


@pytest.mark.parametrize("days", ["-1", "91", "7.0", "true", '"7"'])
def test_days_without_repetition_are_whole_and_in_range(days: str) -> None:
    assert faults(with_top(f"repeat_days = {days}\n")) == [("NUMBER", "repeat_days")]


@pytest.mark.parametrize("hours", [1, 24])
def test_how_old_a_request_may_be_is_read(hours: int) -> None:
    assert Policy.parse(with_top(f"request_hours = {hours}\n").encode()).request_hours == hours


@pytest.mark.parametrize("hours", ["0", "25", "1.0", "true"])
def test_how_old_a_request_may_be_is_whole_and_in_range(hours: str) -> None:
    assert faults(with_top(f"request_hours = {hours}\n")) == [("NUMBER", "request_hours")]


def test_lists_that_may_be_absent_may_be_empty() -> None:
    empty = "approvals = []\nallowlist = []\nown_accounts = []\nescalations = []\n"
    assert Policy.parse(with_top(empty).encode()) == Policy.parse(examples.POLICY)


def test_the_name_of_this_house_as_a_vasp_ends_at_its_length() -> None:
    name = f'name = "{examples.HOUSE}"'
    assert Policy.parse(changed(name, f'name = "{"x" * 100}"').encode()).originating_vasp.name == "x" * 100
    assert faults(changed(name, f'name = "{"x" * 101}"')) == [("TEXT", "originating_vasp.name")]


def test_caps_for_a_day_are_read_by_asset() -> None:
    coin = '[chains.ethereum.cap_per_day]\ncoin = "7"\n'
    text = with_tokens(coin + USDC_CAP + 'cap_per_day = "0"\n')
    ethereum, anvil = Policy.parse(text.encode()).chains
    assert ethereum.day_caps == ((chains.ETHEREUM.coin.asset_id, 7), (examples.USDC.asset_id, 0))
    assert ethereum.caps[1] == (examples.USDC.asset_id, 10**12)
    assert anvil.day_caps == ()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("cap_per_day = 1", ("TYPE", "chains.regtest.cap_per_day")),
        ("cap_per_day = {}", ("MISSING", "chains.regtest.cap_per_day.coin")),
        ("cap_per_day = {coin = 1}", ("NUMBER", "chains.regtest.cap_per_day.coin")),
        ('cap_per_day = {coin = "1", fee = "1"}', ("KEY", "chains.regtest.cap_per_day")),
    ],
)
def test_a_cap_for_a_day_has_its_form(line: str, found: tuple[str, str]) -> None:
    assert faults(changed("feerate_cap = 200\n", f"feerate_cap = 200\n{line}\n")) == [found]
