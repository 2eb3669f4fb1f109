"""A damaged home is told by name, exit 5, whatever is damaged and however; and the coordinator's home too."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import ceremonies
import councils
import examples
import pytest
from desk import AT, Desk, Ended, at, inside

from custody.errors import HomeError
from custody.governance.actions import Freeze, Install

RULES = {kind: f"rules/{hashlib.sha256(content).hexdigest()}" for kind, content in (
    ("policy", examples.POLICY), ("list", examples.FLAGGED_LIST)
)}  # fmt: skip
SIGNER = [
    *("home.json", "device.key", "device.sealed", "seed.sealed", "accounts.json", "rules.sealed", "clock.json"),
    *("log/entries", "log/checkpoint", *RULES.values()),
]
# Read when the officer gives the passphrase: the others could still sign.
OFFICER = "officers/00.sealed"
# For people and auditors; the home does not read it. An empty file is locked, and never read.
NOT_READ = ("log/log-key.txt", "lock")
CODES = {
    *("HOME-CORRUPT", "HOME-EDITED", "HOME-ROLE", "HOME-WRITE", "SEAL-CLOSED"),
    *("LOG-ENTRY", "LOG-TAIL", "LOG-CHECKPOINT", "LOG-FORK", "LOG-PRIVATE"),
}


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
    assert ended.code in CODES
    assert "Traceback" not in ended.stderr


def test_these_are_all_files_of_a_signer(desk: Desk) -> None:
    files = {str(path.relative_to(desk.signer)) for path in desk.signer.rglob("*") if path.is_file()}
    assert files == {*SIGNER, OFFICER, *NOT_READ}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_officer_whose_secret_is_damaged_signs_nothing(desk: Desk, damage: Callable[[Path], None]) -> None:
    code = desk.code
    damage(desk.signer / OFFICER)
    ended = desk.sign(confirm=code)
    assert (ended.exit, ended.code in CODES) == (5, True), ended.stderr
    assert not desk.path("answer.response").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_other_officers_sign_without_one_whose_secret_is_damaged(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Unless the file is not there, or no file: somebody was at this home."""
    folder = councils.copy_home(tmp_path / "home")
    damage(folder / "officers/02.sealed")
    asked = councils.approved(councils.request())
    if damage in (remove, link, become_a_folder, become_enormous):
        assert review(folder, tmp_path).code in CODES
        return
    assert councils.sign(folder, asked, officers=councils.Council("Sato", "Abe")).status == "signed"
    assert review(folder, tmp_path).exit == 0


@pytest.mark.parametrize("damage", [cut, empty, grow, remove])
def test_a_damaged_copy_of_the_log_key_deceives_nobody(desk: Desk, damage: Callable[[Path], None]) -> None:
    """The home does not read it; who takes it from there is warned anyway, and here told of it."""
    damage(desk.signer / "log/log-key.txt")
    verified = inside("audit", "verify", "--log", desk.signer, "--json")
    assert verified.exit in (0, 4, 5, 7)
    assert verified.exit != 0 or damage is grow
    assert desk.sign().fields["status"] == "signed"


def review(folder: Path, place: Path, after: int = 0) -> Ended:
    """What the program says of an approved request to this home."""
    path = place / "w.request"
    path.write_bytes(councils.approved(councils.request()).serialize())
    return inside("--home", folder, "signer", "review", path, *at(after), "--json")


def swapped(folder: Path) -> Iterator[tuple[str, str]]:
    """Files of one kind in each other's place."""
    rules = sorted(path.name for path in (folder / "rules").iterdir())
    yield from ((f"rules/{rules[place]}", f"rules/{rules[place - 1]}") for place in range(len(rules)))
    yield from (("seed.sealed", "rules.sealed"), ("device.sealed", "seed.sealed"), ("device.sealed", "rules.sealed"))
    yield from (("accounts.json", "clock.json"), ("seed.sealed", "officers/00.sealed"))


@pytest.mark.parametrize("place", range(8))
def test_files_of_a_home_in_each_others_place_close_it(tmp_path: Path, place: int) -> None:
    folder = councils.copy_home(tmp_path / "home")
    pairs = list(swapped(folder))
    assert len(pairs) == 8
    one, other = (folder / name for name in pairs[place])
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    ended = review(folder, tmp_path)
    assert (ended.exit, ended.code in CODES) == (5, True), ended.stderr


def test_officers_secrets_in_each_others_place_open_for_nobody(tmp_path: Path) -> None:
    """Not even with each other's passphrases: who one is says the sealed header."""
    folder = councils.copy_home(tmp_path / "home")
    one, other = folder / "officers/00.sealed", folder / "officers/01.sealed"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    asked = councils.approved(councils.request())
    with pytest.raises(HomeError) as error:
        councils.sign(folder, asked)
    assert error.value.code == "HOME-CORRUPT"


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the same house, the same officers with the same passphrases, and the same seed."""
    folder = tmp_path_factory.mktemp("another") / "home"
    councils.make_home(folder, seed=b"another")
    return folder


FOREIGN = [
    *("device.key", "device.sealed", "seed.sealed", "rules.sealed", "clock.json", "log/entries", "log/checkpoint"),
    *("officers/00.sealed", "log"),
]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_home_of_the_house_is_not_taken(tmp_path: Path, another: Path, name: str) -> None:
    folder = councils.copy_home(tmp_path / "home")
    if name == "log":
        shutil.rmtree(folder / name)
        shutil.copytree(another / name, folder / name)
    else:
        shutil.copyfile(another / name, folder / name)
    if name.startswith("officers"):
        with pytest.raises(HomeError) as error:
            councils.sign(folder, councils.approved(councils.request()))
        assert error.value.code == "SEAL-CLOSED"
        return
    ended = review(folder, tmp_path)
    assert (ended.exit, ended.code in CODES) == (5, True), ended.stderr


OLDER = ["rules.sealed", "log/entries", "log/checkpoint", "log"]


@pytest.mark.parametrize("name", OLDER)
def test_a_home_that_was_put_back_in_part_to_before_a_freeze_is_closed(tmp_path: Path, name: str) -> None:
    """All of it put back is an older home; what the coordinator saw of its log finds that."""
    folder = councils.copy_home(tmp_path / "home")
    councils.decide(folder, Freeze(), officers=councils.Council("Sato"))
    if name == "log":
        shutil.rmtree(folder / name)
        shutil.copytree(councils.prepared() / name, folder / name)
    else:
        shutil.copyfile(councils.prepared() / name, folder / name)
    ended = review(folder, tmp_path)
    # An entry without its checkpoint is a write that a power cut stopped: it is completed, and the freeze stands.
    expected = {"HOME-FROZEN"} if name == "log/checkpoint" else CODES
    assert (ended.exit, ended.code in expected) == (5, True), ended.stderr


def test_a_clock_that_was_put_back_behind_the_log_closes_the_home(tmp_path: Path) -> None:
    folder = councils.copy_home(tmp_path / "home")
    shutil.copyfile(folder / "clock.json", tmp_path / "older.json")
    loosening = councils.HOUSE.signed("list", b"# nobody\n", after=councils.bundles()["list"])
    councils.decide(folder, Install(loosening), at=ceremonies.NOW + councils.HOUR)
    shutil.copyfile(tmp_path / "older.json", folder / "clock.json")
    assert review(folder, tmp_path, after=councils.HOUR - 1).code == "HOME-EDITED"
    # Later the hour is counted again: no more than has passed.
    assert (
        inside("--home", folder, "signer", "status", *at(councils.HOUR), "--json").fields["clock"]["elapsed"] == 3_600
    )


def test_a_policy_that_waits_decides_nothing_wherever_its_file_lies(tmp_path: Path) -> None:
    """Put in the place of the one in force, it closes the home."""
    folder = councils.copy_home(tmp_path / "home")
    looser = councils.HOUSE.signed("policy", councils.NO_POLICY_AT_ALL, after=councils.bundles()["policy"])
    councils.decide(folder, Install(looser))
    waiting = folder / "rules" / looser.bundle.digest.hex()
    assert waiting.read_bytes() == looser.content
    assert review(folder, tmp_path).exit == 0
    in_force = folder / "rules" / councils.bundles()["policy"].bundle.digest.hex()
    in_force.write_bytes(waiting.read_bytes())
    assert review(folder, tmp_path).code == "HOME-EDITED"


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_waits_is_checked_when_it_comes_into_force(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = councils.copy_home(tmp_path / "home")
    looser = councils.HOUSE.signed("list", b"# nobody\n", after=councils.bundles()["list"])
    councils.decide(folder, Install(looser))
    damage(folder / "rules" / looser.bundle.digest.hex())
    assert review(folder, tmp_path).exit == 0
    due = review(folder, tmp_path, after=councils.DAY)
    assert (due.exit, due.code in CODES) == (5, True), due.stderr
    # It stays closed: what is in force by the log cannot be read.
    assert review(folder, tmp_path, after=councils.DAY).exit == 5


def test_an_undamaged_home_of_several_officers_signs(tmp_path: Path) -> None:
    folder = councils.copy_home(tmp_path / "home")
    assert review(folder, tmp_path).exit == 0
    assert councils.sign(folder, councils.approved(councils.request())).status == "signed"


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
