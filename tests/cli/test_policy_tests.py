"""Example requests with the answers that a compliance desk expects: judged as the device judges, and compared."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from desk import Ended, inside, program

from custody.coordinator.policy_cases import PolicyCase


@pytest.fixture
def examples(project: Path, tmp_path: Path) -> Path:
    """A copy of the examples of the documentation."""
    return Path(shutil.copytree(project / "docs/examples", tmp_path / "examples"))


def run(folder: Path, *options: object, cases: Path | None = None, by: Any = inside) -> Ended:
    given = ("--policy", folder / "policy.toml", "--list", folder / "flagged.txt", *options)
    return by("compliance", "policy", "test", cases or folder / "policy-tests", *given, "--json")  # type: ignore[no-any-return]


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "policy-tests" / f"{name}.toml"
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new), "utf-8")


def row(ended: Ended, name: str) -> dict[str, Any]:
    (found,) = [one for one in ended.fields["cases"] if one["file"] == f"{name}.toml"]
    return dict(found)


def test_the_examples_of_the_documentation_come_out_as_expected(project: Path) -> None:
    ended = run(project / "docs/examples", by=program)
    assert ended.exit == 0, ended.stderr
    assert ended.fields["failed"] == 0
    assert ended.fields["passed"] == len(list((project / "docs/examples/policy-tests").glob("*.toml"))) >= 12
    assert f"[ 1/{ended.fields['passed']}] pass" in ended.stderr


@pytest.mark.parametrize("name", ["policy", "recommended"])
def test_the_policies_of_the_examples_have_nothing_wrong_with_them(project: Path, name: str) -> None:
    ended = inside("compliance", "policy", "check", project / f"docs/examples/{name}.toml", "--json")
    assert (ended.exit, ended.fields["findings"]) == (0, [])


def test_the_recommended_policy_does_what_its_cases_say(project: Path) -> None:
    folder = project / "docs/examples"
    policy = ("--policy", folder / "recommended.toml")
    ended = inside("compliance", "policy", "test", folder / "recommended-tests", *policy, "--json")
    assert ended.exit == 0, ended.stderr
    assert {"dmm", "dmm-in-pieces", "bybit-as-shown"} <= {Path(one["file"]).stem for one in ended.fields["cases"]}


def test_the_cases_of_the_recommended_policy_fail_under_one_that_names_no_destination(
    project: Path, tmp_path: Path
) -> None:
    folder = project / "docs/examples"
    text = (folder / "recommended.toml").read_text("utf-8").replace('known_above.coin = "0"', "")
    (tmp_path / "open.toml").write_text(text, "utf-8")
    given = (folder / "recommended-tests", "--policy", tmp_path / "open.toml", "--json")
    ended = inside("compliance", "policy", "test", *given)
    assert ended.exit == 3
    assert not {row(ended, name)["passed"] for name in ("dmm", "dmm-in-pieces", "bybit-as-shown")} & {True}


def test_the_case_of_the_page_is_one_of_the_examples(project: Path) -> None:
    page = (project / "docs/spec/policy-tests.md").read_text("utf-8")
    found = re.search(r"<!-- example:policy-test -->\n```toml\n(.*?)```", page, re.S)
    assert found
    example = (project / "docs/examples/policy-tests/withdrawal.toml").read_bytes()
    assert PolicyCase.parse(found[1].encode()) == PolicyCase.parse(example)


@pytest.mark.parametrize(
    ("name", "old", "new", "what", "expected", "observed"),
    [
        ("withdrawal", 'outcome = "ALLOW"', 'outcome = "DENY"', "outcome", "DENY", "ALLOW"),
        ("flagged", 'codes = ["DESTINATION-FLAGGED"]', "codes = []", "codes", "none", "DESTINATION-FLAGGED"),
        ("withdrawal", 'outcome = "ALLOW"', 'outcome = "ALLOW"\ncodes = ["FEE-RATE"]', "codes", "FEE-RATE", "none"),
        ("fee", '["FEE-RATE"]', '["FEE-RATE", "FEE-ABSOLUTE"]', "codes", "FEE-ABSOLUTE, FEE-RATE", "FEE-RATE"),
        ("withdrawal", 'outcome = "ALLOW"', 'outcome = "ALLOW"\nconcerns = ["duplicate"]',
         "concerns", "duplicate", "none"),
        ("withdrawal", "count = 2, organisations = 2", "count = 3, organisations = 2",
         "requirements", "3 approver of 2", "2 approver of 2"),
    ],
)  # fmt: skip
def test_a_wrong_expectation_fails(
    examples: Path, name: str, old: str, new: str, what: str, expected: str, observed: str
) -> None:
    """A run that passes whatever is expected would be found here."""
    edit(examples, name, old, new)
    ended = run(examples)
    assert (ended.exit, ended.code, ended.fields["failed"]) == (3, "POLICY-TESTS-FAILED", 1)
    told = row(ended, name)
    assert not told["passed"]
    assert {"what": what, "expected": expected, "observed": observed} in told["differences"]
    assert f"{what}: expected {expected}; got {observed}" in " ".join(ended.stderr.split())


def test_another_policy_is_found_by_the_cases(examples: Path) -> None:
    path = examples / "policy.toml"
    path.write_text(path.read_text("utf-8").replace('"5000000000" ', '"5000000001" '), "utf-8")
    ended = run(examples)
    assert [one["file"] for one in ended.fields["cases"] if not one["passed"]] == ["cap-exceeded.toml"]


def test_a_failure_is_explained_in_japanese(examples: Path) -> None:
    edit(examples, "fee", 'outcome = "DENY"', 'outcome = "ALLOW"')
    assert "\u624b\u6570\u6599\u7387\u304c\u9ad8\u3059\u304e\u307e\u3059" in run(examples, "--language", "ja").stderr


def test_a_token_is_judged_in_its_registry(examples: Path, tmp_path: Path) -> None:
    contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    policy = examples / "policy.toml"
    policy.write_text(
        policy.read_text("utf-8")
        + f"""
[chains.ethereum]
fee_cap = "20000000000000000"
feerate_cap = 200
fee_percent_cap = 2
cap_per_transaction.coin = "0"
[[chains.ethereum.tokens]]
contract = "{contract}"
cap_per_transaction = "1000"
first_payment = "1000"
""",
        "utf-8",
    )
    payee = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    edit(examples, "withdrawal", 'chain = "bitcoin"', 'chain = "ethereum"')
    edit(examples, "withdrawal", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", payee)
    edit(examples, "withdrawal", 'amount = "150000000"', f'contract = "{contract}"\namount = "1001"')
    edit(examples, "withdrawal", "size = 141", "size = 65000")
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        f'version = 1\n[[token]]\nchain = "ethereum"\ncontract = "{contract}"\nsymbol = "USDC"\ndecimals = 6\n'
    )
    ended = run(examples, "--tokens", tokens)
    assert "CAP-EXCEEDED" in row(ended, "withdrawal")["codes"]
    assert "payments of 0.001001 USDC together" in " ".join(ended.stderr.split())


def test_an_owner_counts_only_where_the_policy_names_it(examples: Path) -> None:
    edit(examples, "no-record", 'amount = "150000000"', 'amount = "150000000"\nowner = "Hot wallet 1"')
    assert "TRAVEL-RULE-NONE" not in row(run(examples), "no-record")["codes"]
    edit(examples, "no-record", "Hot wallet 1", "Hot wallet 2")
    assert "TRAVEL-RULE-NONE" in row(run(examples), "no-record")["codes"]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fee", 'fee = "43000"', 'fee = "42300"'),
        ("request-old", "made_minutes_before = 721", "made_minutes_before = 720"),
        ("day-cap", "hours_ago = 23", "hours_ago = 24"),
        ("new-payee-too-soon", "hours_ago = 23", "hours_ago = 24"),
        ("cap-exceeded", '"5000000001"', '"5000000000"'),
    ],
)
def test_what_stands_exactly_at_an_edge_is_not_denied(examples: Path, name: str, old: str, new: str) -> None:
    edit(examples, name, old, new)
    assert row(run(examples), name)["outcome"] != "DENY"


def test_a_move_to_an_own_account_alone_has_no_honest_record(examples: Path) -> None:
    edit(examples, "hot-refill", 'record = "none"\n', "")
    assert run(examples).exit == 0


def test_the_notice_of_an_honest_record_is_of_the_request(examples: Path) -> None:
    template = examples / "policy-tests/record.json"
    record = json.loads(template.read_text("utf-8"))
    record["notice"]["time"] = "2030-01-01T00:00:00Z"
    template.write_text(json.dumps(record), "utf-8")
    assert run(examples).exit == 0
    del record["notice"]
    template.write_text(json.dumps(record), "utf-8")
    assert row(run(examples), "withdrawal")["codes"] == ["PROFILE-NOTICE"]


def test_a_record_of_the_folder_is_taken_as_it_is(examples: Path) -> None:
    record = json.loads((examples / "policy-tests/record.json").read_text("utf-8"))
    record["outputs"] = [{"index": 0, "address": "bc1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3h8ffkz", "amount": "1"}]
    (examples / "policy-tests/other.json").write_text(json.dumps(record), "utf-8")
    edit(examples, "no-record", 'record = "none"', 'record = "other.json"')
    codes = row(run(examples), "no-record")["codes"]
    assert {"TRAVEL-RULE-ADDRESS", "TRAVEL-RULE-AMOUNT"} <= {*codes}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version = 1", "version = 2", "POLICY-TEST-NUMBER"),
        ("size = 141\n", "", "POLICY-TEST-MISSING"),
        ("size = 141", 'size = 141\nnote = "x"', "POLICY-TEST-KEY"),
        ('"bitcoin"', '"dogecoin"', "POLICY-TEST-WORD"),
        ("2026-06-01T03", "2026-06-01 03", "POLICY-TEST-TEXT"),
        ("size = 141", 'size = 141\nrecord = "../policy.json"', "POLICY-TEST-TEXT"),
        ("size = 141", 'size = 141\nrecord = "absent.json"', "FILE-MISSING"),
        ("size = 141", "size = 141\nspends = 1", "POLICY-TEST-TYPE"),
        ("size = 141", "size = 141\nspends = []", "POLICY-TEST-COUNT"),
        ('amount = "150000000"', 'amount = "1"\ncontract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"',
         "POLICY-TEST-CONTRACT"),
        ("version", "[[", "POLICY-TEST-SYNTAX"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_read_is_named(examples: Path, old: str, new: str, code: str) -> None:
    edit(examples, "withdrawal", old, new)
    ended = run(examples)
    assert (ended.exit, ended.code) == (4, code)
    assert "withdrawal.toml: " in ended.fields["error"]["message"]


def test_every_fault_of_a_case_is_told(examples: Path) -> None:
    edit(examples, "withdrawal", "size = 141", 'size = 0\nnote = "x"')
    faults = run(examples).fields["faults"]
    assert sorted(one["code"] for one in faults) == ["POLICY-TEST-KEY", "POLICY-TEST-NUMBER"]


def test_a_case_of_many_bytes_is_not_read(examples: Path) -> None:
    (examples / "policy-tests/withdrawal.toml").write_bytes(b"#" * 65_537)
    assert run(examples).code == "FILE-SIZE"


@pytest.mark.parametrize("template", ["[]", "{}", '{"ivms101": {"beneficiary": {"beneficiaryPerson": []}}}'])
def test_a_template_without_a_person_who_receives_is_refused(examples: Path, template: str) -> None:
    (examples / "policy-tests/record.json").write_text(template)
    ended = run(examples)
    assert (ended.exit, ended.code) == (4, "POLICY-TEST-RECORD")


def test_a_list_that_a_device_would_not_take_is_not_tried(examples: Path) -> None:
    built = inside("compliance", "list", "build", "--plain", examples / "flagged.txt", "-o", examples / "x", "--json")
    assert built.exit == 0, built.stderr
    octets = (examples / "x").read_bytes()
    assert run(examples, "--list", examples / "x").exit == 0
    records = octets.index(b"\n", octets.index(b"\n") + 1) + 1
    (examples / "x").write_bytes(octets[:records] + bytes(25) + octets[records + 25 :])
    ended = run(examples, "--list", examples / "x")
    assert (ended.exit, ended.code) == (4, "LIST-FORM")


def test_a_folder_without_cases_does_not_pass(examples: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (run(examples, cases=tmp_path / "empty").exit, run(examples, cases=tmp_path / "empty").code) == (
        4,
        "POLICY-TESTS-NONE",
    )
    assert run(examples, cases=tmp_path / "nowhere").code == "FILE-MISSING"
