"""The policy file: a closed schema, every fault by name, nothing allowed by absence."""

import re
from pathlib import Path

import examples
import pytest

from custody import chains
from custody.codec.schema import SchemaError
from custody.errors import InputError
from custody.policy.document import MAX_LINE_BYTES, MAX_POLICY_BYTES, ChainPolicy, OriginatingVasp, Policy

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
    assert [entry.chain.alias for entry in policy.chains] == ["bitcoin", "regtest"]
    assert policy.chains[0].caps == ((chains.BITCOIN.coin.asset_id, 50 * 10**8),)
    assert policy.chains[1:] == Policy.parse(examples.POLICY).chains


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
    with pytest.raises(InputError, match="POLICY-SYNTAX"):
        Policy.parse(toml)


@pytest.mark.parametrize("toml", [b"#\n" * MAX_POLICY_BYTES, b"a." * MAX_LINE_BYTES + b"a = 1"])
def test_sizes_are_bounded(toml: bytes) -> None:
    with pytest.raises(InputError, match="POLICY-SIZE"):
        Policy.parse(toml)
