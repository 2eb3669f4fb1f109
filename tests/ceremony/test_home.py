"""The home's files: whatever was edited, put back, exchanged or half done is found when the home is opened."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import ceremonies
import psbts
import pytest
from ceremonies import NOW, kinds, open_home, sign

from custody.edge import home as homes
from custody.errors import HomeError, UsageError

MESSAGE = ceremonies.request().serialize()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return ceremonies.copy_home(tmp_path / "home")


@pytest.mark.parametrize("name", ["accounts.json", "policy.toml", "flagged.txt"])
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


@pytest.mark.parametrize("name", ["policy.toml", "flagged.txt"])
def test_a_file_put_where_none_was_installed_closes_the_home(tmp_path: Path, name: str) -> None:
    ceremonies.make_home(tmp_path / "home", policy=None, flagged=None)
    (tmp_path / "home" / name).write_bytes((ceremonies.prepared() / name).read_bytes())
    with pytest.raises(HomeError, match="HOME-EDITED"):
        kinds(tmp_path / "home")


@pytest.mark.parametrize("name", ["seed.sealed", "device.sealed", "device.key", "log/checkpoint", "log/entries"])
def test_a_file_of_another_home_closes_the_home(folder: Path, tmp_path: Path, name: str) -> None:
    ceremonies.make_home(tmp_path / "other", seed=b"other")
    (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(HomeError):
        kinds(folder)


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
            opened.add_account(psbts.TREASURY, NOW)
    assert (folder / "accounts.json.new").exists()
    with open_home(folder) as opened:
        assert opened.installed.accounts == ((psbts.TREASURY,) if logged else ())
        if not logged:
            opened.add_account(psbts.TREASURY, NOW)
    with open_home(folder) as opened:
        assert opened.installed.accounts == (psbts.TREASURY,)
    assert not (folder / "accounts.json.new").exists()


def test_a_proposed_file_that_the_log_does_not_name_is_never_put_in_place(folder: Path) -> None:
    (folder / "accounts.json.new").write_bytes(b'{"accounts":[],"version":1}')
    with open_home(folder) as opened:
        assert opened.installed.accounts == (psbts.TREASURY,)


def test_an_account_is_added_once(folder: Path) -> None:
    with open_home(folder) as opened:
        for again in (psbts.TREASURY, replace(psbts.TREASURY, name="other"), replace(psbts.EVIL, name="treasury")):
            with pytest.raises(UsageError, match="ACCOUNT-EXISTS"):
                opened.add_account(again, NOW)


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
        patch.setattr(homes, "_beginning", full)
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
