"""A disk that is full while the ceremony logs: no answer, a named failure, and a log that still holds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import ceremonies
import kill_server
import pytest
from kill_server import KillServer

from custody import ceremony
from custody.audit.checkpoint import LogVerifier
from custody.audit.verify import verify

REQUEST = ceremonies.request()
AT = "2026-01-01T00:00:00Z"
_LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); "
    "from custody.cli import main; main(sys.argv[2:])"
)


@pytest.fixture(scope="module")
def server() -> Iterator[KillServer]:
    with kill_server.started() as ready:
        yield ready


def sign_command(home: Path) -> list[str]:
    """The ceremony on this home, with everything given, as arguments."""
    with ceremonies.open_home(home) as opened:
        _, code = ceremony.review(REQUEST.serialize(), opened)
    assert code is not None
    request = home.with_suffix(".request")
    request.write_bytes(REQUEST.serialize())
    secrets = ceremonies.secrets_file(home.parent)
    sign = ["signer", "sign", str(request), "--out", str(home.with_suffix(".response")), "--confirm", code, "--at", AT]
    return ["--home", str(home), *sign, "--secrets", str(secrets), "--json"]


def log_holds(home: Path) -> bool:
    verifier = LogVerifier.parse((home / "log/log-key.txt").read_text().strip())
    return (
        verify((home / "log/entries").read_bytes(), (home / "log/checkpoint").read_bytes(), verifier).first_bad is None
    )


def test_a_disk_full_at_any_byte_of_the_log(server: KillServer, tmp_path: Path) -> None:
    whole = ceremonies.copy_home(tmp_path / "whole")
    begin = (whole / "log/entries").stat().st_size
    ceremonies.sign(whole, REQUEST.serialize())
    lines = (whole / "log/entries").read_bytes().splitlines(keepends=True)
    authorised, end = begin + len(lines[4]), (whole / "log/entries").stat().st_size
    limits = sorted({*range(begin, end, 900), begin + 1, authorised - 1, authorised, authorised + 1, end - 1})
    for limit in limits:
        home = ceremonies.copy_home(tmp_path / str(limit))
        assert server.run(sign_command(home), home / "log/entries", limit=limit)["exit"] == 5, limit
        assert not home.with_suffix(".response").exists()
        told = ceremonies.kinds(home)[4:]
        torn = ["torn"] * (limit not in (begin, authorised))
        assert told == ([*torn] if limit < authorised else ["authorised", *torn, "interrupted"]), limit
        assert log_holds(home)
    assert server.run(sign_command(ceremonies.copy_home(tmp_path / "enough")), whole, limit=end)["exit"] == 0


def test_a_full_disk_is_told_by_name_and_forgotten_when_there_is_space(tmp_path: Path) -> None:
    home = ceremonies.copy_home(tmp_path / "home")
    size = (home / "log/entries").stat().st_size
    command = [sys.executable, "-c", _LIMITED, str(size + 100), *sign_command(home)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 5
    assert json.loads(ended.stdout)["error"]["code"] == "HOME-NO-SPACE"
    assert ceremonies.kinds(home)[4:] == ["torn"]
    assert ceremonies.sign(home, REQUEST.serialize()).status == "signed"
    assert log_holds(home)


def test_a_refusal_that_cannot_be_logged_is_not_answered(tmp_path: Path) -> None:
    home = ceremonies.copy_home(tmp_path / "home")
    arguments = sign_command(home)
    home.with_suffix(".request").write_bytes(ceremonies.request(travel_rule=b"").serialize())
    size = (home / "log/entries").stat().st_size
    command = [sys.executable, "-c", _LIMITED, str(size + 100), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (5, "HOME-NO-SPACE")
    assert not home.with_suffix(".response").exists()
