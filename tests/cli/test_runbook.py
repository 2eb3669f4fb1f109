"""The runbook, page after page, as it stands: every command runs, and does what the page says."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import examples
import pictures
import psbts
import pytest
import vasps
from desk import PROGRAM, environment

from custody.edge.selftest import GUARANTEES

#: In the order in which they are played.
PAGES = ("house", "ceremony", "withdrawal", "rules", "audit", "lost", "stop", "compromise", "move")
#: Pages of which nothing can be played in a rehearsal: they are about the machine, or only to look up.
READ = ("device", "refusals")
#: Commands that need the machine itself, by the file that runs them and the words in it that do; None: by hand only.
MACHINE = {
    "script/setup test": ("script/test-firmware", '"$root/script/setup" test'),
    "firmware-config/build.sh release build/inputs build/image": (
        "script/test-firmware",
        '"$root/firmware-config/build.sh" "$profile" "$folder/inputs" "$folder/$built"',
    ),
    "firmware-config/verify build/image": ("tests/firmware/test_verify.py", "firmware-config/image/verify.py"),
    "firmware-config/verify build/image --rebuild build/inputs": None,
    "firmware-config/enroll KEYS build/inputs": (
        "tests/firmware/release.py",
        'run(RECIPE / "enroll", self._keys, inputs)',
    ),
    "lsblk": None,
    "blkdiscard /dev/DISK": None,
    "firmware-config/write-disk build/image /dev/DISK KEYS": (
        "tests/firmware/release.py",
        'run(RECIPE / "write-disk", self._release, disk, *([self._keys] if signed else []))',
    ),
    "dd if=KEYS/enroll.img of=/dev/STICK bs=1M conv=fsync": (
        "tests/firmware/release.py",
        'Screen(self.folder, self._keys / "enroll.img")',
    ),
}


def commands(project: Path, page: str) -> str:
    """The page's commands, in one script."""
    text = (project / f"docs/ops-runbook/{page}.md").read_text("utf-8")
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def everything() -> list[psbts.Map]:
    """All coins of the account to the first address of the new vault, whose words stand on the page."""
    spent = psbts.coins(2)
    return psbts.build(spent, [psbts.Payment(psbts.PAYEE, sum(coin.amount for coin in spent) - 1_000)])


def once_more() -> list[psbts.Map]:
    """The payment of the withdrawal again, from other coins: no retry."""
    spent = [psbts.Coin(psbts.TREASURY, 0, 7, 200_000)]
    return psbts.build(spent, [psbts.Payment(psbts.PAYEE, 60_000), psbts.change(psbts.TREASURY, 9, 139_000)])


class Rehearsal:
    """A folder in which the pages are played one after the other; what one page defines, the next ones know."""

    def __init__(self, project: Path) -> None:
        self.project = project
        # Short: the socket of gpg's agent lies in it.
        self.folder = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))
        (self.folder / "unsigned.psbt").write_bytes(psbts.serialize(psbts.honest()))
        (self.folder / "move.psbt").write_bytes(psbts.serialize(everything()))
        (self.folder / "again.psbt").write_bytes(psbts.serialize(once_more()))
        (self.folder / "flagged-of-that-day.txt").write_bytes(examples.FLAGGED_LIST)
        (self.folder / "travel-rule.json").write_text(json.dumps(json.loads(ceremonies.record())["records"]))
        published = vasps.private_key(vasps.ED25519).as_dict(private=False)
        (self.folder / "other-exchange.jwk.json").write_text(json.dumps(published))
        self._played = "set -euo pipefail\n"
        self.said: dict[str, str] = {}

    def play(self, page: str) -> None:
        """Runs a page; functions and variables of the pages before are there."""
        told = commands(self.project, page)
        self.said[page] = self.run(told, page)
        self._played += told + "\n"

    def run(self, script: str, name: str = "") -> str:
        """Runs commands where the pages are played; what they say."""
        path = f"{Path(PROGRAM).parent}:{environment()['PATH']}"
        done = subprocess.run(
            ["bash", "-c", f"{self._definitions()}\n{script}"], cwd=self.folder, env=environment(PATH=path),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stderr[-3_000:]}"
        return done.stdout + done.stderr

    def _definitions(self) -> str:
        functions = re.findall(r"^(?:[a-z_]+\(\) \{.*\}|export GNUPGHOME=\S+)", self._played, re.MULTILINE)
        return "\n".join(["set -euo pipefail", *functions])

    def log(self) -> list[str]:
        return ceremonies.kinds(self.folder / "signer", None)  # type: ignore[arg-type]

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.folder / "keys"), "--kill", "all"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def rehearsal(project: Path) -> Iterator[Rehearsal]:
    """Every page, played once."""
    played = Rehearsal(project)
    try:
        for page in PAGES:
            played.play(page)
        yield played
    finally:
        played.close()


def test_every_page_of_the_runbook_runs(rehearsal: Rehearsal) -> None:
    assert (rehearsal.folder / "tx.hex").read_text().strip()
    assert "The words on paper are the words of this signer." in rehearsal.said["ceremony"]
    assert "answered signed" in rehearsal.said["audit"]
    assert "WAITING: roster number 2" in rehearsal.said["lost"]
    assert "to our own    account New vault (cold)" in rehearsal.said["move"]
    assert (rehearsal.folder / "moved.hex").read_text().strip()
    assert "It loosens nothing" in rehearsal.said["compromise"]
    assert "It is in force." in rehearsal.said["compromise"]
    assert "FROZEN" in rehearsal.said["stop"]
    assert "FROZEN" in rehearsal.said["compromise"]
    assert "WAITING: policy number 3" in rehearsal.said["rules"]
    assert rehearsal.log() == [
        *("init", "roster", "policy", "list", "account"),
        *("authorised", "answered"),
        *("installed", "installed", "vetoed", "taken-in", "installed", "installed"),
        *("installed", "frozen", "thawing", "installed"),
    ]


AGAIN = """
custody coordinator request --home coordinator-restored --account cold-btc --psbt again.psbt \\
    --travel-rule travel-rule.json --maker "$(fingerprint Tanaka)" -o again.request
for name in Tanaka Ito Chiba; do
    custody coordinator approve again.request --home coordinator-restored --key "$(fingerprint "$name")"
done
custody signer review again.request --home restored
"""


def test_a_restored_device_would_pay_the_same_withdrawal_again(rehearsal: Rehearsal) -> None:
    """What docs/ops-runbook/lost.md says that it has forgotten, and why officers look into the archive."""
    told = rehearsal.run(AGAIN)
    assert "ALLOW: no rule speaks against this request." in told
    assert "PAID BEFORE" not in told


@pytest.mark.parametrize(
    ("picture", "page", "first", "last"),
    [("sign", "withdrawal", "Account ", "The policy asks for"), ("freeze", "stop", "FREEZE:", "FREEZE:")],
)
def test_a_picture_shows_what_the_program_says(
    rehearsal: Rehearsal, picture: str, page: str, first: str, last: str
) -> None:
    """`tests/pictures.py` draws it anew where it does not."""
    drawn = (rehearsal.project / f"docs/pictures/{picture}.svg").read_text("utf-8")
    shown = block(pictures.settled(pictures.lines_of(drawn)), first, last)
    assert shown
    assert shown == block(pictures.settled(rehearsal.said[page].splitlines()), first, last)


def block(lines: list[str], first: str, last: str) -> list[str]:
    """The first lines from one that begins so to one that begins otherwise."""
    begin = next(place for place, line in enumerate(lines) if line.startswith(first))
    end = next(place for place, line in enumerate(lines[begin:], begin) if line.startswith(last))
    return lines[begin : end + 1]


def test_every_page_is_in_the_index(project: Path) -> None:
    index = (project / "docs/ops-runbook/README.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([a-z]+)\.md\)", index)) == {*PAGES, *READ}
    assert {page.stem for page in (project / "docs/ops-runbook").glob("*.md")} == {*PAGES, *READ, "README"}


def commands_of_the_machine(project: Path) -> list[str]:
    """What the pages tell people to type where no rehearsal can."""
    pages = sorted((project / "docs/ops-runbook").glob("*.md"))
    blocks = (re.findall(r"^```sh machine\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S) for page in pages)
    return [line for found in blocks for block in found for line in block.splitlines()]


def test_what_needs_the_machine_is_run_elsewhere_or_known_to_be_run_by_hand(project: Path) -> None:
    assert set(commands_of_the_machine(project)) == set(MACHINE)
    for command, place in MACHINE.items():
        if place:
            file, words = place
            assert words in (project / file).read_text("utf-8"), command


def test_every_block_of_commands_is_played_or_is_the_machines(project: Path) -> None:
    """A block under another word would be run by nobody."""
    pages = (project / "docs/ops-runbook").glob("*.md")
    words = {word for page in pages for word in re.findall(r"^```(.+)$", page.read_text("utf-8"), re.M)}
    assert words == {"sh", "sh machine"}


def test_the_page_of_the_device_says_what_to_do_about_each_guarantee(project: Path) -> None:
    text = (project / "docs/ops-runbook/device.md").read_text("utf-8")
    table = text.partition("## When a line does not hold")[2].partition("\n## ")[0]
    told = [name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([a-z-]+)`", row)]
    assert sorted(told) == sorted(one.name for one in GUARANTEES)
    assert f"passed={len(GUARANTEES)} failed=0 of={len(GUARANTEES)}" in text


def test_a_page_with_a_command_that_fails_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "docs/ops-runbook"
    page.mkdir(parents=True)
    (page / "house.md").write_text("```sh\ncustody signer status --home nowhere\n```\n")
    broken = Rehearsal(tmp_path)
    try:
        with pytest.raises(AssertionError, match="HOME-ABSENT"):
            broken.play("house")
    finally:
        broken.close()
