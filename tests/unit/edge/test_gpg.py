"""The child that asks gpg: what it is, how it ends, and what is believed of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import openpgp
import pytest
from openpgp import NOW
from openpgp_claims import GOOD, TEXT, altered, by, job, script, verdict

from custody.edge import gpg as gpg_module
from custody.edge import gpg_child, jail
from custody.edge.gpg import JailedGpg
from custody.edge.pipes import write_message
from custody.errors import HomeError
from custody.officers.openpgp import Claim

SPEAK = """
    import sys
    def say(octets):
        sys.stdout.buffer.write(len(octets).to_bytes(4, "big") + octets); sys.stdout.buffer.flush()
    say(b"\\xa1bok\\xf5")
    sys.stdin.buffer.read(10)
"""


@pytest.fixture(scope="module")
def jailed() -> Iterator[JailedGpg]:
    with JailedGpg() as verifier:
        yield verifier


def inner(verifier: JailedGpg) -> int:
    """The process in the jail."""
    assert verifier._child is not None
    outer = verifier._child.pid
    return int(Path(f"/proc/{outer}/task/{outer}/children").read_text())


def test_the_real_child_is_in_the_jail(jailed: JailedGpg) -> None:
    jailed.start()
    status = Path(f"/proc/{inner(jailed)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert (fields["Seccomp"], fields["NoNewPrivs"], int(fields["CapEff"], 16)) == ("2", "1", 0)


def test_a_started_child_serves_a_process_that_has_jailed_itself(project: Path) -> None:
    """As the process that holds the key does: nothing but its pipes is open to it then."""
    honest = by("Sato")
    given = [part.hex() for part in (honest.text, honest.signature, honest.certificate)]
    body = """
import json, sys
paths, parts, at = json.loads(sys.argv[1])
sys.path += paths
from custody.edge.gpg import JailedGpg
from custody.edge.jail import enter_jail
from custody.errors import CustodyError
from custody.officers.openpgp import Claim
text, signature, certificate = map(bytes.fromhex, parts)
verifier = JailedGpg()
verifier.start()
enter_jail(1 << 30)
verifier.verify(Claim(text, signature, certificate), at)
try:
    verifier.verify(Claim(b"", signature, certificate), at)
except CustodyError as error:
    print("good", error.code)
verifier.__exit__(None, None, None)
try:
    verifier.verify(Claim(b"", signature, certificate), at)
except CustodyError as error:
    print(error.code)
"""
    given_to = json.dumps([[str(project), *filter(None, sys.path)], given, NOW])
    done = subprocess.run([sys.executable, "-I", "-c", body, given_to], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["good", "OPENPGP-INVALID", "OPENPGP-UNAVAILABLE"], done.stderr


def test_the_process_that_asks_loads_no_gnupg_and_no_network(project: Path) -> None:
    body = "import sys, custody.edge.gpg, custody.edge.gpg_child; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", body], cwd=project, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "custody.edge.gpg_child" in loaded
    assert not loaded & {"gnupg", "socket", "ssl", "http", "urllib.request"}


def homes_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def in_folder(folder: Path) -> str:
    """Where the child makes gpg's home."""
    return f"import tempfile; tempfile.tempdir = {str(folder)!r}"


def test_gpg_s_home_is_private_and_goes_with_the_child(tmp_path: Path) -> None:
    with JailedGpg(command=altered(in_folder(tmp_path))) as verifier:
        assert verdict(verifier, by("Sato")) == GOOD
        (home,) = tmp_path.iterdir()
        assert home.stat().st_mode & 0o777 == 0o700
        assert not (home / "ring").exists()
    assert homes_in(tmp_path) == []


def test_gpg_s_home_goes_when_its_user_is_killed(tmp_path: Path, project: Path) -> None:
    body = """
import json, os, signal, sys
paths, command = json.loads(sys.argv[1])
sys.path += paths
from custody.edge.gpg import JailedGpg
verifier = JailedGpg(command=command)
verifier.start()
os.kill(os.getpid(), signal.SIGKILL)
"""
    given_to = json.dumps([[str(project), *filter(None, sys.path)], altered(in_folder(tmp_path))])
    done = subprocess.run([sys.executable, "-I", "-c", body, given_to], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    wait_for(lambda: homes_in(tmp_path) == [])


def wait_for(happened: Callable[[], bool]) -> None:
    """Until something has happened, and not for ever."""
    for _ in range(1_000):
        if happened():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_leaving_the_verifier_ends_all_its_processes() -> None:
    with JailedGpg() as verifier:
        verifier.start()
        child, jailed_one = verifier._child, inner(verifier)
    assert child is not None
    assert child.returncode == 0
    assert not Path(f"/proc/{jailed_one}").exists()


HANG = """
import os, subprocess
child.JOB_SECONDS = 1
waiting = os.pipe()
def hang(folder, job):
    command = [child.PROGRAM, "--no-options", "--homedir", str(folder), "--enarmor"]
    # It holds the other end of its input itself: that never ends.
    subprocess.run(command, stdin=waiting[0], stdout=subprocess.DEVNULL, pass_fds=[waiting[1]])
child._judge = hang
"""


def running_in(group: int) -> list[str]:
    """What runs in a group of processes; what is dead, and was not waited for, does not."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            found += [state] if int(its_group) == group and state != "Z" else []
    return found


def hanging(verifier: JailedGpg) -> int:
    """The process in the jail, which has started a gpg that never ends."""
    verifier.start()
    jailed_one, stdin = inner(verifier), verifier._child and verifier._child.stdin
    assert stdin is not None
    write_message(stdin, job(by("Sato")))
    wait_for(lambda: len(running_in(jailed_one)) == 2)
    return jailed_one


def test_a_gpg_that_hangs_is_ended_with_its_child(tmp_path: Path) -> None:
    with JailedGpg(command=altered(HANG + in_folder(tmp_path))) as verifier:
        jailed_one = hanging(verifier)
        with pytest.raises(HomeError, match="OPENPGP-UNAVAILABLE"):
            verifier._hear()
        assert running_in(jailed_one) == []
        assert homes_in(tmp_path) == []
        verifier._command = jail.isolated_command("custody.edge.gpg_child")
        assert verdict(verifier, by("Sato")) == GOOD


def test_a_gpg_whose_child_died_ends_too(tmp_path: Path) -> None:
    patient = HANG.replace("child.JOB_SECONDS = 1", "") + in_folder(tmp_path)
    with JailedGpg(command=altered(patient)) as verifier:
        jailed_one = hanging(verifier)
        os.kill(jailed_one, signal.SIGKILL)
        with pytest.raises(HomeError, match="OPENPGP-UNAVAILABLE"):
            verifier._hear()
        assert running_in(jailed_one) == []
        assert homes_in(tmp_path) == []


def test_a_child_that_was_killed_is_started_again() -> None:
    with JailedGpg() as verifier:
        verifier.start()
        os.kill(inner(verifier), signal.SIGKILL)
        assert verdict(verifier, by("Sato")) == "OPENPGP-UNAVAILABLE"
        assert verdict(verifier, by("Sato")) == GOOD


def test_a_gpg_that_dies_is_told_apart_from_a_bad_signature() -> None:
    with pytest.raises(HomeError, match="OPENPGP-UNAVAILABLE"):
        gpg_child._status(lambda: SimpleNamespace(returncode=-11, stderr=""))


def test_a_gpg_that_stops_reading_has_said_nothing_good() -> None:
    def stopped() -> None:
        raise BrokenPipeError

    assert gpg_child._status(stopped).lines == ()


def test_an_answer_that_the_library_stumbled_over_says_nothing() -> None:
    assert gpg_child._status(lambda: SimpleNamespace(returncode=0)).lines == ()


@pytest.mark.parametrize("program", ["/nonexistent/gpg", "/usr/bin/false", "/usr/bin/true"])
def test_without_gpg_nothing_is_verified(program: str) -> None:
    with JailedGpg(command=altered(f"child.PROGRAM = child.Path({program!r})")) as verifier:
        assert verdict(verifier, by("Sato")) == "OPENPGP-UNAVAILABLE"


@pytest.mark.parametrize(
    "missing",
    [
        "import custody.edge.landlock as landlock; landlock._CREATE_RULESET = 9_999",
        "import sys; sys.modules['pyseccomp'] = None",
        "import pyseccomp\ndef load(_): raise RuntimeError\npyseccomp.SyscallFilter.load = load",
        "import custody.edge.jail as jail; jail._PR_SET_NO_NEW_PRIVS = 9_999",
    ],
)
def test_without_a_jail_nothing_is_verified(missing: str) -> None:
    with JailedGpg(command=altered(missing)) as verifier:
        assert verdict(verifier, by("Sato")) == "JAIL-UNAVAILABLE"


def test_a_python_that_cannot_be_started_verifies_nothing() -> None:
    with JailedGpg(command=["/nonexistent/python"]) as verifier:
        assert verdict(verifier, by("Sato")) == "OPENPGP-UNAVAILABLE"


@pytest.mark.parametrize(
    "answer",
    [
        "say(b'')",
        "say(b'{}')",
        "say(b'\\xa0')",
        "say(b'\\xf5')",
        "say(b'\\xa1bok\\xf4')",
        "say(b'\\xa1bok\\x01')",
        "say(b'\\xa1bok\\xf5x')",
        "say(b'\\xa3' + b'dcodecNO!' + b'dhint`' + b'gmessage`')",
        "say(b'\\xa3' + b'dcode\\x01' + b'dhint`' + b'gmessage`')",
        "say(bytes(5_000))",
        "sys.stdout.buffer.write(bytes([255] * 8)); sys.stdout.buffer.flush()",
        "sys.stdout.buffer.write(bytes([0, 0, 0, 9, 91])); sys.stdout.buffer.flush()",
        "pass",
    ],
)
def test_a_child_that_says_anything_else_is_not_believed(answer: str) -> None:
    with JailedGpg(command=script(SPEAK + f"\n    {answer}")) as verifier:
        assert verdict(verifier, by("Sato")) == "OPENPGP-UNAVAILABLE"
        assert verifier._child is None


def test_the_child_of_these_tests_would_be_believed_if_it_said_yes() -> None:
    yes = "say(b'\\xa1bok\\xf5')"
    with JailedGpg(command=script(SPEAK + f"\n    {yes}")) as verifier:
        assert verdict(verifier, by("Sato")) == GOOD


def test_what_is_no_job_ends_the_child_s_patience_but_not_the_child(jailed: JailedGpg) -> None:
    jailed.start()
    with pytest.raises(HomeError, match="OPENPGP-UNAVAILABLE"):
        jailed._ask({"text": b"", "signature": b"", "certificate": b""})
    assert verdict(jailed, by("Sato", b"after a wrong job")) == GOOD


def test_what_is_no_signature_is_refused_before_any_child_starts() -> None:
    with JailedGpg(command=["/nonexistent/python"]) as verifier:
        assert verdict(verifier, Claim(TEXT, b"", openpgp.certificate("Sato"))) == "OPENPGP-FORM"


def test_a_good_claim_is_remembered_for_exactly_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, asked_for = by("Sato"), []
    with JailedGpg() as verifier:
        ask = verifier._ask
        monkeypatch.setattr(verifier, "_ask", lambda job: asked_for.append(job) or ask(job))
        for at in (NOW, NOW, NOW + 1, NOW):
            assert verdict(verifier, honest, at) == GOOD
        assert len(asked_for) == 2
        wrong = Claim(TEXT + b"x", honest.signature, honest.certificate)
        assert [verdict(verifier, wrong) for _ in range(2)] == ["OPENPGP-INVALID"] * 2
        assert len(asked_for) == 4


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpg_module, "MAX_REMEMBERED", 2)
    with JailedGpg() as verifier:
        assert [verdict(verifier, by("Sato"), NOW + late) for late in range(5)] == [GOOD] * 5
        assert len(verifier._good) <= 2
