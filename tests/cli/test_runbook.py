"""The runbook, page after page, as it stands: every command runs, and does what the page says."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import psbts
import pytest
import vasps
from desk import PROGRAM, environment

PAGES = ("house", "withdrawal", "rules", "stop")


def commands(project: Path, page: str) -> str:
    """The page's commands, in one script."""
    text = (project / f"docs/ops-runbook/{page}.md").read_text("utf-8")
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


class Rehearsal:
    """A folder in which the pages are played one after the other; what one page defines, the next ones know."""

    def __init__(self, project: Path) -> None:
        self._project = project
        # Short: the socket of gpg's agent lies in it.
        self.folder = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))
        (self.folder / "unsigned.psbt").write_bytes(psbts.serialize(psbts.honest()))
        (self.folder / "travel-rule.json").write_text(json.dumps(json.loads(ceremonies.record())["records"]))
        published = vasps.private_key(vasps.ED25519).as_dict(private=False)
        (self.folder / "other-exchange.jwk.json").write_text(json.dumps(published))
        self._played = "set -euo pipefail\n"
        self.said: dict[str, str] = {}

    def play(self, page: str) -> None:
        """Runs a page; functions and variables of the pages before are there."""
        told = commands(self._project, page)
        script = f"{self._definitions()}\n{told}"
        path = f"{Path(PROGRAM).parent}:{environment()['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=environment(PATH=path), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{page}: {done.stderr[-3_000:]}"
        self.said[page] = done.stdout + done.stderr
        self._played += told + "\n"

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
    played = Rehearsal(project)
    yield played
    played.close()


def test_every_page_of_the_runbook_runs(rehearsal: Rehearsal) -> None:
    for page in PAGES:
        rehearsal.play(page)
    assert (rehearsal.folder / "tx.hex").read_text().strip()
    assert "FROZEN" in rehearsal.said["stop"]
    assert "WAITING: policy number 3" in rehearsal.said["rules"]
    assert rehearsal.log() == [
        *("init", "roster", "policy", "list", "account"),
        *("authorised", "answered"),
        *("installed", "installed", "vetoed", "installed"),
        *("frozen", "thawing"),
    ]


def test_every_page_is_in_the_index(project: Path) -> None:
    index = (project / "docs/ops-runbook/README.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([a-z]+)\.md\)", index)) == set(PAGES)
    assert {page.stem for page in (project / "docs/ops-runbook").glob("*.md")} == {*PAGES, "README"}


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
