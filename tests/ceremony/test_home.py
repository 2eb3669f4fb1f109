"""The home's files: whatever was edited, put back, exchanged or half done is found when the home is opened."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import councils
import examples
import psbts
import pytest
from ceremonies import NOW, kinds, open_home, sign

from custody import council
from custody.edge import home as homes
from custody.edge import making
from custody.edge.rules_files import RulesFiles
from custody.errors import HomeError, UsageError
from custody.governance.actions import Action, Freeze, Install

MESSAGE = ceremonies.request().serialize()
TIGHTER = councils.HOUSE.signed(
    "policy", councils.POLICY.replace(b'"200000"', b'"150000"'), after=councils.bundles()["policy"]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ceremonies.copy_home(tmp_path / "home")


def of_rules(content: bytes) -> str:
    """Where a file that decides lies."""
    return f"rules/{hashlib.sha256(content).hexdigest()}"


POLICY, LIST = of_rules(examples.POLICY), of_rules(examples.FLAGGED_LIST)


@pytest.mark.parametrize("name", ["accounts.json", POLICY, LIST, "rules.sealed"])
@pytest.mark.parametrize("edit", ["added", "emptied", "removed", "cut"])
def test_an_edited_file_closes_the_home(folder: Path, name: str, edit: str) -> None:
    path = folder / name
    content = path.read_bytes()
    if edit == "removed":
        path.unlink()
    else:
        path.write_bytes({"added": content + b"\n", "emptied": b"", "cut": content[:-1]}[edit])
    with pytest.raises(HomeError, match="HOME-EDITED"):
        sign(folder, MESSAGE)


@pytest.mark.parametrize("name", [POLICY, LIST])
def test_a_file_put_where_none_was_installed_counts_for_nothing(tmp_path: Path, name: str) -> None:
    """The log names the files in force by their digests: beside them there may lie what will."""
    ceremonies.make_home(tmp_path / "home", policy=None, flagged=None)
    (tmp_path / "home" / name).write_bytes((ceremonies.prepared() / name).read_bytes())
    with open_home(tmp_path / "home") as opened:
        assert (opened.installed.policy, opened.installed.flagged, opened.files[1:]) == (None, None, (None,) * 5)


def test_a_file_put_under_the_name_of_another_closes_the_home(folder: Path) -> None:
    (folder / LIST).write_bytes((folder / POLICY).read_bytes())
    with pytest.raises(HomeError, match="HOME-EDITED"):
        kinds(folder)


FILES = ["seed.sealed", "rules.sealed", "device.sealed", "device.key", "clock.json", "log/checkpoint", "log/entries"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_home_closes_the_home(folder: Path, tmp_path: Path, name: str) -> None:
    ceremonies.make_home(tmp_path / "other", seed=b"other")
    (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(HomeError):
        kinds(folder)


def test_an_officers_file_of_another_home_opens_nothing(folder: Path, tmp_path: Path) -> None:
    """With the right passphrase for it."""
    ceremonies.make_home(tmp_path / "other", seed=b"other")
    (folder / "officers/00.sealed").write_bytes((tmp_path / "other/officers/00.sealed").read_bytes())
    with pytest.raises(HomeError, match="SEAL-CLOSED"):
        sign(folder, MESSAGE)


@pytest.mark.parametrize("name", [*FILES, "home.json", "officers/00.sealed"])
def test_a_home_without_one_of_its_files_is_closed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(HomeError):
        sign(folder, MESSAGE)


def test_a_clock_that_was_put_back_behind_the_log_closes_the_home(folder: Path) -> None:
    before = (folder / "clock.json").read_bytes()
    assert sign(folder, MESSAGE, now=NOW + 60).status == "signed"
    (folder / "clock.json").write_bytes(before)
    with pytest.raises(HomeError, match=r"HOME-EDITED: clock\.json"):
        kinds(folder)
    assert kinds(folder, NOW + 60)


def test_an_older_log_with_newer_files_closes_the_home(folder: Path, tmp_path: Path) -> None:
    ceremonies.make_home(tmp_path / "before", account=False)
    for name in ("entries", "checkpoint"):
        (folder / "log" / name).write_bytes((tmp_path / "before/log" / name).read_bytes())
    with pytest.raises(HomeError, match="HOME-EDITED"):
        kinds(folder)


def test_a_log_put_back_is_found_by_the_next_request(folder: Path) -> None:
    before = {name: (folder / "log" / name).read_bytes() for name in ("entries", "checkpoint")}
    sign(folder, MESSAGE)
    with open_home(folder) as opened:
        later = ceremonies.request(ceremonies.export(opened), id=bytes(16))
    for name, content in before.items():
        (folder / "log" / name).write_bytes(content)
    outcome = sign(folder, later.serialize())
    assert outcome.judgement is not None
    assert [reason.code for reason in outcome.judgement.decision.reasons] == ["LOG-ROLLBACK"]


@pytest.mark.parametrize("logged", [False, True])
def test_a_crash_while_an_account_is_added_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: bool
) -> None:
    """Before the log entry the account does not exist; after it, it does, whatever the file said."""
    folder = tmp_path / "home"
    ceremonies.make_home(folder, account=False)

    def crash(*_: Any, **__: Any) -> None:
        raise HomeError("CRASH", "The power went.")

    with open_home(folder) as opened, monkeypatch.context() as patch:
        place: tuple[Any, str] = (homes, "_put_in_place") if logged else (type(opened.log), "append")
        patch.setattr(*place, crash)
        with pytest.raises(HomeError, match="CRASH"):
            opened.add_account(psbts.TREASURY)
    assert (folder / "accounts.json.new").exists()
    with open_home(folder) as opened:
        assert opened.installed.accounts == ((psbts.TREASURY,) if logged else ())
        if not logged:
            opened.add_account(psbts.TREASURY)
    with open_home(folder) as opened:
        assert opened.installed.accounts == (psbts.TREASURY,)
    assert not (folder / "accounts.json.new").exists()


def test_a_proposed_file_that_the_log_does_not_name_is_never_put_in_place(folder: Path) -> None:
    (folder / "accounts.json.new").write_bytes(b'{"accounts":[],"version":1}')
    with open_home(folder) as opened:
        assert opened.installed.accounts == (psbts.TREASURY,)


@pytest.mark.parametrize("logged", [False, True])
@pytest.mark.parametrize("action", [Freeze(), Install(TIGHTER)], ids=["freeze", "install"])
def test_a_crash_while_officers_decide_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action, logged: bool
) -> None:
    """Before the log entry nothing was decided; after it everything was, though no file is in its place yet."""
    folder = councils.copy_home(tmp_path / "home")

    def crash(*_: Any, **__: Any) -> None:
        raise HomeError("CRASH", "The power went.")

    with open_home(folder) as opened, monkeypatch.context() as patch:
        before = opened.state
        patch.setattr(*((RulesFiles, "settle") if logged else (type(opened.log), "append")), crash)
        with pytest.raises(HomeError, match="CRASH"):
            council.decide(action, opened, councils.Council(), councils.key_in_process(opened))
    assert (folder / "rules.sealed.new").exists()
    with open_home(folder) as opened:
        assert (opened.state == before) is not logged
    assert (folder / "rules.sealed.new").exists() is not logged
    with open_home(folder) as opened:
        assert (opened.state == before) is not logged
    if not logged:
        councils.decide(folder, action)
        assert not (folder / "rules.sealed.new").exists()


def test_an_account_is_added_once(folder: Path) -> None:
    with open_home(folder) as opened:
        for again in (psbts.TREASURY, replace(psbts.TREASURY, name="other"), replace(psbts.EVIL, name="treasury")):
            with pytest.raises(UsageError, match="ACCOUNT-EXISTS"):
                opened.add_account(again)


def test_a_home_is_never_made_over_another(folder: Path, tmp_path: Path) -> None:
    before = (folder / "seed.sealed").read_bytes()
    with pytest.raises(HomeError, match="HOME-EXISTS"):
        ceremonies.make_home(folder)
    assert (folder / "seed.sealed").read_bytes() == before
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(HomeError, match="HOME-EXISTS"):
        ceremonies.make_home(tmp_path / "link")


def test_a_home_that_could_not_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise HomeError("HOME-NO-SPACE", "There is no space.")

    with monkeypatch.context() as patch:
        patch.setattr(making, "_beginning", full)
        with pytest.raises(HomeError, match="HOME-NO-SPACE"):
            ceremonies.make_home(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []
    ceremonies.make_home(tmp_path / "home")


def test_a_home_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    ceremonies.make_home(tmp_path / "new")
    modes = {path: path.stat().st_mode & 0o777 for path in [tmp_path / "new", *(tmp_path / "new").rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_two_processes_do_not_share_a_home(folder: Path) -> None:
    with open_home(folder), pytest.raises(HomeError, match="HOME-BUSY"):
        kinds(folder)
    assert kinds(folder)
