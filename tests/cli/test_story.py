"""The whole job through the installed program, and what each command tells scripts."""

import base64
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import bdkpython as bdk
import cbor2
import ceremonies
import examples
import openpgp
import psbts
import pytest
import regtest
from desk import AT, Desk, Ended, environment, inside, program

from custody import __version__
from custody.demo.keys import keys
from custody.wire.request import WithdrawalRequest

JSON = "--json"
REASONS = "reasons requirements remedies"
FILES = "list policy roster tokens vasps"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Every command once, in the order of the job."""
    folder = tmp_path_factory.mktemp("story")
    home, office = ("--home", folder / "signer"), ("--home", folder / "coordinator")
    secrets = ceremonies.secrets_file(folder)
    (folder / "policy.toml").write_bytes(examples.POLICY)
    (folder / "flagged.txt").write_bytes(examples.FLAGGED_LIST)
    (folder / "unsigned.psbt").write_bytes(psbts.serialize(psbts.honest()))
    (folder / "record.json").write_text(json.dumps(examples.record((0, ceremonies.PAYEE, ceremonies.PAID))))
    told: dict[str, Ended] = {}

    def step(name: str, *arguments: object) -> None:
        told[name] = program(*arguments, JSON)
        assert told[name].exit == 0, (name, told[name].stderr)

    rules = ("--policy", folder / "policy.toml", "--list", folder / "flagged.txt")
    add = ("account", "add", "treasury", "--type", "p2wpkh", "--chain", "regtest")
    step("init", *home, "signer", "init", "--rehearsal", "--secrets", secrets, *rules)
    step("add", *home, "signer", *add, "--secrets", secrets)
    step("list", *home, "signer", "account", "list")
    step("show", *home, "signer", "account", "show", "treasury")
    step("export", *home, "signer", "account", "export", "--out", folder / "pair.gif")
    step("export descriptor", *home, "signer", "account", "export", "--format", "descriptor", "--out", folder / "d.txt")
    step("pair", *office, "coordinator", "pair", folder / "pair.gif")
    files = ("--psbt", folder / "unsigned.psbt", "--travel-rule", folder / "record.json", "-o", folder / "w.request")
    step("request", *office, "coordinator", "request", "--account", "treasury", *files)
    step("show request", *office, "coordinator", "show", folder / "w.request", "--out", folder / "frames")
    step("review", *home, "signer", "review", folder / "frames")
    code = told["review"].fields["confirmation"]
    sign = ("signer", "sign", folder / "frames", "--secrets", secrets)
    step("sign", *home, *sign, "--confirm", code, "--out", folder / "answer.gif")
    step("repeat", *home, *sign, "--out", folder / "again.txt")
    step("answer", *home, "signer", "answer", told["sign"].fields["entry"]["index"], "--out", folder / "stored.txt")
    asked = ("--request", folder / "w.request")
    step("receive", *office, "coordinator", "receive", folder / "answer.gif", *asked, "-o", folder / "w.response")
    done = (*asked, "--response", folder / "w.response", "-o", folder / "tx.hex")
    step("finalize", *office, "coordinator", "finalize", *done)
    step("status", *home, "signer", "status")
    step("verify", "audit", "verify", "--log", folder / "signer", "--key", told["init"].fields["log_key"])
    told["transaction"] = Ended(0, (folder / "tx.hex").read_text(), "")
    told["descriptor"] = Ended(0, (folder / "d.txt").read_text(), "")
    return told


def test_the_network_takes_what_came_out(story: dict[str, Ended]) -> None:
    raw = bytes.fromhex(story["finalize"].fields["raw"])
    assert story["transaction"].stdout == raw.hex() + "\n"
    assert regtest.verify(raw, [(coin.script, coin.amount) for coin in psbts.coins(2)])
    assert regtest.txid(raw)[::-1].hex() == story["finalize"].fields["txid"]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("init", "log_key log_origin master_fingerprint officers rehearsal threshold"),
        ("add", "addresses chain descriptor name type"),
        ("list", "accounts"),
        ("show", "addresses chain descriptor name type"),
        ("export", "accounts frames"),
        ("export descriptor", "chain descriptor name type"),
        ("pair", "accounts log_key log_origin"),
        ("request", "bytes device expires request"),
        ("show request", "frames type"),
        (
            "review",
            f"{FILES} account approvers chain concerns confirmation decision fee kind outputs {REASONS} request",
        ),
        ("sign", "checkpoint entry request status"),
        ("repeat", "checkpoint entry request status"),
        ("answer", "entry request status"),
        ("receive", "log_size request signatures status"),
        ("finalize", "chain raw txid"),
        (
            "status",
            f"accounts clock frozen last_entry {FILES} log_key log_origin log_size officers quorum rehearsal waiting",
        ),
        ("verify", "as_of first_bad hidden origin pinned root size"),
    ],
)
def test_each_command_tells_scripts_its_fields_and_no_others(story: dict[str, Ended], name: str, fields: str) -> None:
    assert set(story[name].fields) == {"ok", *fields.split()}


def test_the_commands_agree_with_each_other(story: dict[str, Ended]) -> None:
    init, sign, review = (story[name].fields for name in ("init", "sign", "review"))
    assert init["rehearsal"] is True
    assert init["log_origin"].startswith("rehearsal.")
    assert init["master_fingerprint"] == psbts.TREASURY.fingerprint.hex()
    assert story["add"].fields["descriptor"] == psbts.TREASURY.descriptor == story["descriptor"].stdout.strip()
    assert story["add"].fields["addresses"][0] == psbts.TREASURY.address(0, 0)
    assert story["pair"].fields["log_key"] == init["log_key"] == story["status"].fields["log_key"]
    assert review["request"] == sign["request"] == story["request"].fields["request"]
    assert (review["decision"], review["reasons"], review["fee"]) == ("ALLOW", [], "1000")
    assert [sign["status"], story["repeat"].fields["status"]] == ["signed", "repeated"]
    assert sign["entry"] == story["repeat"].fields["entry"]
    assert sign["entry"]["index"] == 5
    assert (story["verify"].fields["size"], story["verify"].fields["first_bad"]) == (6, None)
    assert story["verify"].fields["pinned"] is True


def test_people_read_what_scripts_read(story: dict[str, Ended]) -> None:
    assert "REHEARSAL" in story["review"].stderr
    assert story["review"].fields["confirmation"] in story["review"].stderr
    assert story["pair"].fields["log_key"] in story["pair"].stderr


@pytest.mark.parametrize("place", ["both before", "both after", "one each", "environment"])
def test_global_options_stand_before_or_after_the_subcommand(desk: Desk, place: str) -> None:
    home = ("--home", desk.signer)
    command: tuple[object, ...] = ("signer", "status")
    match place:
        case "both before":
            ended = program(*home, JSON, *command)
        case "both after":
            ended = program(*command, *home, JSON)
        case "one each":
            ended = program(JSON, "signer", *home, "status")
        case _:
            ended = program(*command, JSON, env=environment(CUSTODY_HOME=str(desk.signer)))
    assert ended.fields["log_size"] == 4


def test_the_default_home_lies_in_the_users_data_folder(desk: Desk, tmp_path: Path) -> None:
    place = tmp_path / "xdg/custody"
    place.mkdir(parents=True)
    desk.signer.rename(place / "signer")
    ended = program("signer", "status", JSON, env=environment(XDG_DATA_HOME=str(tmp_path / "xdg")))
    assert ended.fields["log_size"] == 4


def test_without_json_nothing_is_written_to_stdout(desk: Desk) -> None:
    ended = program("--home", desk.signer, "signer", "status")
    assert (ended.exit, ended.stdout) == (0, "")
    assert "4 log entries" in ended.stderr


@pytest.mark.parametrize("command", [("signer", "review"), ("signer", "nonsense"), ("nonsense",), ("--nonsense",)])
def test_a_wrong_call_is_one_json_object_too(command: tuple[str, ...]) -> None:
    ended = program(*command, JSON)
    assert (ended.exit, ended.code) == (2, "USAGE")


def test_frames_on_the_screen_stay_out_of_the_json_object(desk: Desk) -> None:
    ended = program("--home", desk.coordinator, "coordinator", "show", desk.request, "--out", "screen", JSON)
    assert ended.fields["type"] == "x-custody-request"
    assert "\u2588" in ended.stderr


def test_version_and_help() -> None:
    assert program("--version").stdout.strip().endswith(__version__)
    assert "signer" in program("--help").stdout


def test_a_time_is_taken_by_a_rehearsal(desk: Desk) -> None:
    late = ("--at", "2027-01-01T00:00:00Z")
    assert program("--home", desk.signer, "signer", "review", desk.request, *AT, JSON).exit == 0
    ended = program("--home", desk.signer, "signer", "review", desk.request, *late, JSON)
    assert [reason["code"] for reason in ended.fields["reasons"]] == ["REQUEST-EXPIRED", "REQUEST-OLD"]


# What `custody demo` plays: the folder that it leaves, and what it tells scripts.

STATUSES = {
    "btc-allowed": "signed",
    "btc-no-name": "refused",
    "btc-flagged-sibling": "refused",
    "btc-amount-lie": "refused",
    "erc20-allowed": "signed",
    "evm-flagged": "refused",
    "safe-bybit": "refused",
    "house-approved": "signed",
    "house-swapped": "refused",
    "house-approved-anew": "refused",
    "house-loosening": "waits",
    "house-vetoed": "vetoed",
    "house-frozen": "frozen",
}
LATER = 4_102_444_800
TYPED = "Sato and Abe each read the screen and type:"


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    out = tmp_path_factory.mktemp("demonstration")
    return out, program("demo", "--out", out, JSON)


@pytest.fixture
def played(demonstration: tuple[Path, Ended]) -> Path:
    return demonstration[0]


def screen_of(played: Path, case: str) -> str:
    return (played / case / "screen.txt").read_text()


def test_every_scene_ends_as_the_page_says(demonstration: tuple[Path, Ended]) -> None:
    out, ended = demonstration
    assert ended.exit == 0, ended.stderr
    assert {one["case"]: one["status"] for one in ended.fields["cases"]} == STATUSES
    assert all((one["txid"] is not None) == (one["status"] == "signed") for one in ended.fields["cases"])
    page = (out / "index.html").read_text()
    told = re.findall(r'<article id="([^"]+)">.*?<span class="badge [a-z]+">([A-Z]+)</span>', page)
    assert {case: status.lower() for case, status in told} == STATUSES
    assert [len(re.findall(tag, page)) for tag in ("<h1", "<article")] == [2, len(STATUSES) + 2]


def test_both_chapters_are_proved_by_their_logs(played: Path) -> None:
    for log, kinds in ((played / "log", ["refused"]), (played / "house/log", ["installed", "vetoed", "frozen"])):
        assert program("audit", "verify", "--log", log, "--key", log / "log-key.txt", JSON).exit == 0
        logged = [json.loads(line.split(b" ")[0])["kind"] for line in (log / "entries").read_bytes().splitlines()]
        assert logged[-len(kinds) :] == kinds


def test_what_two_organisations_approved_and_two_officers_confirmed_is_paid(played: Path) -> None:
    raw = bytes.fromhex((played / "house-approved/signed.hex").read_text())
    paid = {one.value.to_sat() for one in bdk.Transaction(raw).output()}
    screen = screen_of(played, "house-approved")
    assert 50_000_000 in paid
    assert re.search(r"^Approved by +Ito, Chiba$", screen, re.MULTILINE)
    assert TYPED in screen


def test_a_swap_after_approval_asks_no_officer(played: Path) -> None:
    honest, swapped = (
        WithdrawalRequest.parse((played / "house-swapped" / name).read_bytes())
        for name in ("approved.request", "withdrawal.request")
    )
    assert honest.transaction != swapped.transaction
    assert len(honest.approvals) == 3
    assert replace(swapped, transaction=honest.transaction, travel_rule=honest.travel_rule) == honest
    screen = screen_of(played, "house-swapped")
    assert screen.count("APPROVAL-SIGNATURE (rule") == 3
    assert TYPED not in screen
    assert not (played / "house-swapped/signed.hex").exists()


def test_what_every_stolen_key_approved_asks_no_officer_either(played: Path) -> None:
    screen = screen_of(played, "house-approved-anew")
    assert re.findall(r"^\d+\. ([A-Z-]+) \(rule", screen, re.MULTILINE) == ["DESTINATION-UNKNOWN"]
    assert "Approved by   Ito, Chiba" in screen
    assert TYPED not in screen
    assert not (played / "house-approved-anew/signed.hex").exists()


def policy(path: Path) -> dict[str, object]:
    """Every limit of a policy by the name that screens give it."""
    read = tomllib.loads(path.read_text())
    chain = read["chains"]["regtest"]
    caps = {name: int(chain[name]["coin"]) for name in ("cap_per_transaction", "cap_per_day") if name in chain}
    fees = {name: int(chain[name]) for name in ("fee_cap", "feerate_cap", "fee_percent_cap")}
    asked = {"approvals": -len(read.get("approvals", [])), "known_above": -("known_above" in chain)}
    return {"repeat_days": -read["repeat_days"], "allowlist": -len(read.get("allowlist", [])), **asked, **caps, **fees}


def loosened(old: dict[str, object], new: dict[str, object]) -> set[str]:
    """Limits that are higher in the new one, or gone; what a policy asks for counts below nothing."""
    return {name for name, limit in old.items() if name not in new or new[name] > limit}  # type: ignore[operator]


def named(screen: str) -> set[str]:
    """What a screen calls newly allowed, where it says how it was, how it would be, and gives an example."""
    row = r"\n  {} +\S.*(?:\n {{4,}}\S.*)*"
    told = "".join(row.format(word) for word in ("before", "after", "example"))
    return set(re.findall(rf"^NEWLY ALLOWED (\w+){told}", screen, re.MULTILINE))


def blocks(screen: str) -> list[str]:
    return screen.split("\n\n")


def test_the_policy_that_waits_is_shown_limit_by_limit(played: Path) -> None:
    old, new = policy(played / "house/policy.toml"), policy(played / "house-loosening/policy.toml")
    screen = screen_of(played, "house-loosening")
    limits = {"approvals", "cap_per_day", "cap_per_transaction", "known_above", "repeat_days"}
    # What is known no more guards itself no more against what looks like it.
    assert loosened(old, new) == {*limits, "allowlist"}
    assert named(screen) == loosened(old, new)
    assert "WAITING: policy number 2, which loosens, comes into force in 24 h 00 min" in screen


def test_a_limit_that_the_screen_left_out_would_be_missed(played: Path) -> None:
    old, new = policy(played / "house/policy.toml"), policy(played / "house-loosening/policy.toml")
    shown = blocks(screen_of(played, "house-loosening"))
    for name in loosened(old, new):
        without = "\n\n".join(block for block in shown if not block.startswith(f"NEWLY ALLOWED {name}"))
        assert loosened(old, new) - named(without) == {name}
    assert loosened(old, old) == set()
    assert named(screen_of(played, "house-vetoed")) == set()


def test_the_stolen_keys_are_real_and_their_signatures_good(played: Path) -> None:
    """Asked of plain gpg, which knows the roster's certificates and nothing else."""
    roster = tomllib.loads((played / "house/roster.toml").read_text())
    bundle = cbor2.loads((played / "house-loosening/policy.bundle").read_bytes())
    keyring = openpgp.Keyring()
    people = [one for one in roster["person"] if one["role"] == "compliance"]
    for one in people:
        keyring.gpg("--import", octets=base64.b64decode(one["certificate"]), at=LATER)
    (keyring.home / "text").write_bytes(bundle["content"])
    signers = set()
    for number, signature in enumerate(bundle["signatures"]):
        place = keyring.home / f"{number}.sig"
        place.write_bytes(signature)
        told = keyring.gpg("--status-fd", "1", "--verify", str(place), str(keyring.home / "text"), at=LATER).decode()
        signers |= set(re.findall(r"GOODSIG \w+ (\w+)", told))
    assert (len(people), signers) == (3, {"Mori", "Kato"})


def test_one_officer_stops_it_and_one_freezes_the_device(played: Path) -> None:
    vetoed, frozen = screen_of(played, "house-vetoed"), screen_of(played, "house-frozen")
    assert "comes into force in 4 h 00 min" in vetoed
    assert re.search(r"To decide so, Endo types:  \w{4}-\w{4}$", vetoed, re.MULTILINE)
    assert re.search(r"To decide so, Abe types:  \w{4}-\w{4}$", frozen, re.MULTILINE)
    assert "WAITING" not in frozen
    assert "\nFROZEN: nothing is signed" in frozen
    assert "\nHOME-FROZEN: " in frozen


def test_without_gpg_the_demonstration_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.demo.keys.PROGRAM", tmp_path / "gpg")
    ended = inside("demo", "--out", tmp_path / "out", JSON)
    assert (ended.exit, ended.code) == (5, "OPENPGP-UNAVAILABLE")
    assert "script/setup" in ended.fields["error"]["hint"]


def test_keys_and_agent_of_the_demonstration_are_gone_afterwards() -> None:
    with keys(("Ito",), ceremonies.NOW) as made:
        folder = made._folder
        assert made.sign("Ito", b"text")
        assert agents(folder)
    assert not folder.exists()
    assert not agents(folder)


def agents(folder: Path) -> list[Path]:
    """Processes whose command line names this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in place.read_bytes():
                found.append(place)
        except OSError:
            continue
    return found
