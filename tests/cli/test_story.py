"""The whole job through the installed program, and what each command tells scripts."""

import json
from pathlib import Path

import ceremonies
import examples
import psbts
import pytest
import regtest
from desk import AT, Desk, Ended, environment, program

from custody import __version__

JSON = "--json"


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
        ("init", "log_key log_origin master_fingerprint rehearsal"),
        ("add", "addresses chain descriptor name type"),
        ("list", "accounts"),
        ("show", "addresses chain descriptor name type"),
        ("export", "accounts frames"),
        ("export descriptor", "chain descriptor name type"),
        ("pair", "accounts log_key log_origin"),
        ("request", "bytes device expires request"),
        ("show request", "frames type"),
        ("review", "account chain confirmation decision fee kind list outputs policy reasons request tokens"),
        ("sign", "checkpoint entry request status"),
        ("repeat", "checkpoint entry request status"),
        ("answer", "entry request status"),
        ("receive", "log_size request signatures status"),
        ("finalize", "chain raw txid"),
        ("status", "accounts last_entry list log_key log_origin log_size officers policy rehearsal tokens"),
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
    assert [reason["code"] for reason in ended.fields["reasons"]] == ["REQUEST-EXPIRED"]
