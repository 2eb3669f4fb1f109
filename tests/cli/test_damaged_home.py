"""A damaged home is told by name, exit 5, whatever is damaged and however; and the coordinator's home too."""

from collections.abc import Callable
from pathlib import Path

import pytest
from desk import AT, Desk, inside

SIGNER = [
    *("home.json", "device.key", "device.sealed", "seed.sealed", "accounts.json", "policy.toml", "flagged.txt"),
    *("log/entries", "log/checkpoint"),
]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\nx\n")


def remove(path: Path) -> None:
    path.unlink()


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_enormous(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(64 * 1024**2)


DAMAGES: list[Callable[[Path], None]] = [cut, empty, flip, grow, remove, link, become_a_folder, become_enormous]


@pytest.mark.parametrize("name", SIGNER)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_signer_closes_the_home(desk: Desk, name: str, damage: Callable[[Path], None]) -> None:
    damage(desk.signer / name)
    ended = inside("--home", desk.signer, "signer", "review", desk.request, *AT, "--json")
    assert ended.exit == 5, ended.stderr
    assert ended.code in {
        *("HOME-CORRUPT", "HOME-EDITED", "HOME-ROLE", "HOME-WRITE", "SEAL-CLOSED"),
        *("LOG-ENTRY", "LOG-TAIL", "LOG-CHECKPOINT", "LOG-FORK", "LOG-PRIVATE"),
    }
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_home_of_a_coordinator_is_told_by_name(paired: Desk, damage: Callable[[Path], None]) -> None:
    damage(paired.coordinator / "home.json")
    ended = paired.ask("new.request")
    if damage is remove:
        # No home is an empty home: it knows no account.
        assert (ended.exit, ended.code) == (2, "ACCOUNT-UNKNOWN")
        return
    assert (ended.exit, ended.code) in [(5, "HOME-CORRUPT"), (5, "HOME-WRITE")]


@pytest.mark.parametrize("step", range(12))
def test_no_changed_letter_of_a_coordinators_home_is_an_internal_fault(paired: Desk, step: int) -> None:
    path = paired.coordinator / "home.json"
    whole = path.read_bytes()
    for place in range(step, len(whole), 36):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        ended = paired.ask(f"{place}.request")
        assert (ended.exit, ended.fields.get("error", {}).get("code")) in [
            *((0, None), (5, "HOME-CORRUPT"), (5, "HOME-ROLE"), (2, "ACCOUNT-UNKNOWN")),
        ], (place, ended.stderr)


def test_a_home_that_is_a_link_to_a_home_is_the_home(desk: Desk) -> None:
    """The folder is the person's choice; the files inside are not."""
    desk.path("link").symlink_to(desk.signer)
    assert inside("--home", desk.path("link"), "signer", "status", "--json").exit == 0


def test_an_undamaged_home_opens(paired: Desk) -> None:
    assert inside("--home", paired.signer, "signer", "review", paired.request, *AT, "--json").exit == 0
    assert paired.ask("new.request").exit == 0
