"""What policies, lists, token registries and rosters say, and how they differ, as the compliance desk reads them."""

import subprocess
import sys
from pathlib import Path

import examples
import openpgp
import pytest
import rosters
from office import FILES, Office, roster_toml
from openpgp import key

from custody.vault import mnemonic
from custody.wire.bundle import SignedBundle


@pytest.fixture(autouse=True)
def own_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own keys are those of the tests."""
    monkeypatch.setenv("GNUPGHOME", str(openpgp.keyring().home))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_policy_says_what_it_allows(office: Office) -> None:
    text = examples.POLICY.replace(b"version = 1\n", b"version = 1\nrepeat_days = 3\n", 1)
    text += b'[chains.regtest.cap_per_day]\ncoin = "2000000000000"\n'
    text += b'[[approvals]]\nrole = "approver"\ncount = 2\norganisations = 2\n'
    office.path("policy").write_bytes(text)
    ended = office.run("policy", "check", office.path("policy"))
    assert ended.exit == 0, ended.stderr
    words = ended.fields["words"]
    assert words[0] == "Whose policy this is"
    for line in (
        "  The payments of one transaction are at most 10,000.00000000 rBTC together.",
        "  Within one day at most 20,000.00000000 rBTC leaves, payments and fees together.",
        "  Every request must be approved by 2 approvers of 2 organisations.",
        "  Nobody is paid the same amount, or for the same customer, again within 3 days.",
    ):
        assert line in words
    assert "2 approvers of 2 organisations" in ended.stderr


def test_a_policy_s_tokens_are_told_by_the_registry(office: Office) -> None:
    office.path("policy").write_bytes(examples.EVM_POLICY)
    bare = office.run("policy", "check", office.path("policy")).stderr
    assert "base units of 0x5FbDB2315678afecb367f032d93F642f64180aa3" in " ".join(bare.split())
    named = office.run("policy", "check", office.path("policy"), "--tokens", office.path("tokens")).stderr
    assert "TST (0x5FbDB2315678afecb367f032d93F642f64180aa3)" in named


def test_lists_and_tokens_and_rosters_say_what_they_hold(office: Office) -> None:
    office.path("list").write_bytes(examples.EVM_FLAGGED_LIST)
    assert "EVM, EVM address: 1" in office.run("list", "check", office.path("list")).stderr
    tokens = office.run("tokens", "check", office.path("tokens")).fields["words"]
    assert tokens[1] == "TST on anvil: 6 decimals, contract 0x5FbDB2315678afecb367f032d93F642f64180aa3"
    roster = office.run("roster", "check", office.path("roster")).fields["words"]
    spaced = " ".join(key("Mori")[start : start + 4] for start in range(0, 40, 4))
    assert f"  Mori, Example Exchange KK: {spaced}" in roster
    assert "compliance: 3, of 1 organisation(s)" in roster
    assert "Officers who must consent on the device: 2 of 3." in roster


def test_a_bundle_is_checked_with_its_header(office: Office) -> None:
    old = rosters.bundle("list", examples.FLAGGED_LIST, sequence=7, previous=bytes(32))
    office.path("l.bundle").write_bytes(SignedBundle(old.content).serialize())
    ended = office.run("list", "check", "l.bundle")
    assert ended.fields["digest"] == old.digest.hex()
    assert (ended.fields["bundle"]["sequence"], ended.fields["bundle"]["previous"]) == (7, bytes(32).hex())
    assert "EXPIRED" in ended.stderr


def test_every_fault_is_told_at_once(office: Office) -> None:
    office.path("policy").write_bytes(examples.POLICY.replace(b"feerate_cap = 200", b"feerate_cap = 0\nextra = 1"))
    ended = office.run("policy", "check", office.path("policy"))
    assert ended.exit == 4
    faults = [(row["code"], row["where"]) for row in ended.fields["faults"]]
    assert sorted(faults) == [("POLICY-KEY", "chains.regtest"), ("POLICY-NUMBER", "chains.regtest.feerate_cap")]
    assert "unknown key extra" in ended.stderr
    office.path("list").write_bytes(b"# one\nnonsense\n" + examples.FLAGGED_LIST + b"0x12\n")
    lines = office.run("list", "check", office.path("list")).fields["faults"]
    assert [row["where"] for row in lines] == ["line 2", "line 5"]


@pytest.mark.parametrize("kind", [*FILES, "roster"])
@pytest.mark.parametrize("content", [b"", b"\xa3", b"custody-bundle/1\n", b"\x00" * 100, b"[" * 3_000])
def test_bytes_that_are_nothing_are_refused_by_name(office: Office, kind: str, content: bytes) -> None:
    office.path("bad").write_bytes(content)
    for command in ((kind, "check", office.path("bad")), ("diff", office.path("bad"), office.path("bad"))):
        ended = office.run(*command)
        assert ended.exit in (2, 4)
        assert ended.code != "INTERNAL"


def test_the_words_of_a_roster_are_those_that_init_asks_for(office: Office) -> None:
    bare = office.run("roster", "words", office.path("roster")).fields["words"]
    assert bare == mnemonic.of_digest(office.path("roster").read_bytes())
    office.first("roster")
    content = office.signed("roster.bundle").content
    unsigned = office.run("roster", "words", "roster.bundle").fields["words"]
    assert unsigned == mnemonic.of_digest(content)
    office.sign("roster", "roster.bundle", "--key", key("Kato"))
    assert office.run("roster", "words", "roster.bundle").fields["words"] == unsigned
    assert len(unsigned.split()) == 24


# Comparing.


def looser() -> bytes:
    return examples.POLICY.replace(b'"1000000000000"', b'"1000000000001"').replace(
        b"feerate_cap = 200", b"feerate_cap = 9"
    )


def test_a_comparison_tells_what_is_newly_allowed_first(office: Office) -> None:
    office.path("new.toml").write_bytes(looser())
    ended = office.run("diff", office.path("policy"), "new.toml")
    assert (ended.exit, ended.fields["kind"], ended.fields["loosens"]) == (0, "policy", True)
    rows = [(row["rule"], row["loosens"]) for row in ended.fields["changes"]]
    assert rows == [("cap_per_transaction", True), ("feerate_cap", False)]
    assert ended.stderr.index("NEWLY ALLOWED: cap_per_transaction") < ended.stderr.index("Changed: feerate_cap")


def test_policies_are_compared_among_the_commands_for_policies_too(office: Office) -> None:
    office.path("new.toml").write_bytes(looser())
    general = office.run("diff", office.path("policy"), "new.toml")
    assert office.run("policy", "diff", office.path("policy"), "new.toml").fields == general.fields


def test_what_is_newly_allowed_is_proved_or_shown(office: Office) -> None:
    office.path("new.toml").write_bytes(looser())
    ended = office.run("policy", "diff", office.path("policy"), "new.toml", "--prove")
    assert (ended.exit, ended.fields["proof"]["proved"]) == (0, False)
    assert ended.fields["proof"]["example"]["before"][0].startswith("refused: CAP-EXCEEDED")
    assert "NEWLY ALLOWED, found by the solver" in ended.stderr
    ended = office.run("diff", office.path("policy"), office.path("policy"), "--prove")
    assert (ended.exit, ended.fields["proof"]["proved"], ended.fields["changes"]) == (0, True, [])
    assert "PROVED: the new policy allows nothing" in ended.stderr
    assert "proof" not in office.run("diff", office.path("policy"), office.path("policy")).fields


def test_only_policies_are_proved(office: Office) -> None:
    ended = office.run("diff", office.path("list"), office.path("list"), "--type", "list", "--prove")
    assert (ended.exit, ended.fields["error"]["code"]) == (2, "PROVER-KIND")


def test_without_the_solver_nothing_is_proved_and_the_hint_says_how_to_get_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    ended = office.run("diff", office.path("policy"), office.path("policy"), "--prove")
    assert (ended.exit, ended.fields["error"]["code"]) == (2, "PROVER-NONE")
    assert "requirements/prove.lock" in ended.fields["error"]["hint"]


def test_no_other_command_loads_the_solver() -> None:
    script = "import sys, custody.cli, custody.cli.compliance; sys.exit('z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("kind", [*FILES, "roster"])
def test_a_file_and_a_bundle_of_it_do_not_differ(office: Office, kind: str) -> None:
    office.first(kind)
    ended = office.run("diff", office.path(kind), f"{kind}.bundle")
    assert (ended.exit, ended.fields["kind"], ended.fields["changes"]) == (0, kind, [])


def test_lists_tokens_and_rosters_are_compared_too(office: Office) -> None:
    changes = {
        "list": examples.FLAGGED_LIST.replace(examples.FLAGGED.encode(), b"# gone"),
        "tokens": examples.TOKENS.replace(b"decimals = 6", b"decimals = 7"),
        "roster": roster_toml(delay_hours=1),
    }
    for kind, content in changes.items():
        office.path("new").write_bytes(content)
        ended = office.run("diff", office.path(kind), office.path("new"), "--type", kind)
        assert (ended.exit, ended.fields["loosens"]) == (0, True), kind


def test_files_of_two_kinds_are_not_compared(office: Office) -> None:
    assert office.run("diff", office.path("policy"), office.path("list")).exit == 4
    office.first("policy")
    office.first("list")
    ended = office.run("diff", "policy.bundle", "list.bundle")
    assert (ended.exit, ended.code) == (4, "BUNDLE-TYPE")


def test_files_that_do_not_tell_what_they_are_need_a_word(office: Office) -> None:
    office.path("policy").write_bytes(examples.POLICY + b"extra = 1\n")
    ended = office.run("diff", office.path("policy"), office.path("policy"))
    assert (ended.exit, ended.code) == (2, "RULES-TYPE")
    assert office.run("diff", office.path("policy"), office.path("policy"), "--type", "policy").code == "POLICY-KEY"
