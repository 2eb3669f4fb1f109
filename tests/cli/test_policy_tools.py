"""What a compliance desk does with a policy before it signs it: reads it in words, and looks for what is wrong."""

import re
from pathlib import Path

import examples
import pytest
from desk import Ended, inside, program
from office import roster_toml

GOOD = (Path(__file__).parents[1] / "unit/policy/lint/good_policy.toml").read_text("utf-8")


def run(*arguments: object) -> Ended:
    return inside("compliance", "policy", *arguments, "--json")


def unfolded(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD, "utf-8")
    return path


def test_a_director_reads_the_policy_on_stdout(policy: Path) -> None:
    ended = program("compliance", "policy", "explain", policy)
    assert (ended.exit, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "Whose policy this is"
    assert "  Every request must be approved by 2 approvers of 2 organisations." in lines
    assert max(map(len, lines)) <= 78


def test_a_director_reads_the_policy_in_japanese(policy: Path) -> None:
    ended = program("compliance", "policy", "explain", policy, "--language", "ja")
    lines = ended.stdout.splitlines()
    assert any("\u627f\u8a8d\u80052\u540d\uff082\u7d44\u7e54\u4ee5\u4e0a\uff09" in line for line in lines)
    assert max(sum(1 if sign.isascii() else 2 for sign in line) for line in lines) <= 78


def test_scripts_are_told_the_sections(policy: Path) -> None:
    ended = run("explain", policy, "--language", "ja")
    assert (ended.exit, ended.fields["language"]) == (0, "ja")
    assert [*ended.fields["sections"][0]] == ["sentences", "title"]


def test_amounts_of_tokens_are_told_by_the_registry(policy: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    text = examples.TOKENS.replace(b"anvil", b"ethereum").replace(
        b"0x5FbDB2315678afecb367f032d93F642f64180aa3", examples.USDC.asset_id.rsplit(":", 1)[1].encode()
    )
    tokens.write_bytes(text)
    assert "base units of 0xA0b8" in unfolded(inside("compliance", "policy", "explain", policy).stdout)
    assert "0.001000 TST" in unfolded(inside("compliance", "policy", "explain", policy, "--tokens", tokens).stdout)


def test_a_policy_that_cannot_be_read_is_not_explained(policy: Path) -> None:
    policy.write_text(GOOD.replace("repeat_days = 14", "repeat_days = 91"))
    ended = run("explain", policy)
    assert (ended.exit, ended.code) == (4, "POLICY-NUMBER")
    assert ended.fields["faults"][0]["where"] == "repeat_days"


def test_a_name_cannot_rearrange_the_text(policy: Path) -> None:
    policy.write_text(GOOD.replace('name = "Partner"', 'name = "x\\uE0001 \\u3164 y"'), "utf-8")
    told = inside("compliance", "policy", "explain", policy)
    assert told.exit == 0, told.stderr
    assert "<U+3164>" in told.stdout
    assert "\u3164" not in told.stdout


# What may be wrong with it.


def test_a_good_policy_has_no_findings(policy: Path) -> None:
    policy.write_text(GOOD.replace("2026-06-01", "9000-01-01"))
    ended = run("check", policy)
    assert (ended.exit, ended.fields["findings"]) == (0, [])


def test_warnings_are_told_and_pass(policy: Path) -> None:
    policy.write_text(GOOD.replace("2026-06-01", "2020-01-01"))
    ended = run("check", policy)
    (finding,) = ended.fields["findings"]
    assert (ended.exit, finding["code"], finding["severity"]) == (0, "LINT-RATE-EXPIRED", "warning")
    assert "WARNING LINT-RATE-EXPIRED at travel_rule.rates" in unfolded(ended.stderr)


def test_errors_are_told_with_all_else_and_do_not_pass(policy: Path) -> None:
    policy.write_text(GOOD.replace('signed_above.coin = "500"', 'signed_above.coin = "900000000"'))
    ended = run("check", policy)
    assert (ended.exit, ended.code) == (3, "LINT-ERRORS")
    assert ended.fields["findings"][0]["where"] == "chains.bitcoin.signed_above.coin"
    assert ended.fields["words"][0] == "Whose policy this is"
    assert re.fullmatch(r"[0-9a-f]{64}", ended.fields["digest"])


def test_a_roster_that_is_too_small_is_found(policy: Path, tmp_path: Path) -> None:
    policy.write_text(GOOD.replace("count = 2\norganisations = 2", "count = 10\norganisations = 9"))
    roster = tmp_path / "roster.toml"
    roster.write_bytes(roster_toml())
    assert "LINT-ROSTER" not in {one["code"] for one in run("check", policy).fields["findings"]}
    told = run("check", policy, "--roster", roster).fields["findings"]
    assert "approvals[approver]" in {one["where"] for one in told if one["code"] == "LINT-ROSTER"}


def test_the_findings_of_the_example_are_those_of_the_page(project: Path, tmp_path: Path) -> None:
    def block(page: str, name: str) -> str:
        text = (project / f"docs/spec/{page}.md").read_text("utf-8")
        found = re.search(rf"<!-- example:{name} -->\n```[a-z]*\n(.*?)```", text, re.S)
        assert found
        return found[1]

    path = tmp_path / "example.toml"
    path.write_text(block("policy", "policy"))
    findings = run("check", path).fields["findings"]
    told = [f"{one['severity'].upper()} {one['code']} at {one['where']}" for one in findings]
    assert told == block("policy-lint", "lint").splitlines()
