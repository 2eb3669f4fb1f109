"""The jail of a child that must run a program: what neither it nor the program can do there, and what they can.

The narrower jail is tested with the child that needs it, in test_decoder.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.edge import landlock

_PREPARE = """
import ctypes, errno, fcntl, json, mmap, os, resource, shutil, signal, socket, subprocess, sys, threading
sys.path += json.loads(sys.argv[1])
folder, project = sys.argv[2], sys.argv[3]
from pathlib import Path
import pyseccomp
from custody.edge.jail import enter_program_jail
libc = ctypes.CDLL(None, use_errno=True)
TGKILL = 234 if os.uname().machine == "x86_64" else 131
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
def absent(number):
    try:
        call(number, 0, 0, 0, 0, 0, 0)
    except OSError as error:
        assert error.errno == errno.ENOSYS
    else:
        raise AssertionError
def child(act):
    made = os.fork()
    if made == 0:
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(made, 0)[1] == 0
def gpg(*arguments, **more):
    base = ["/usr/bin/gpg", "--no-options", "--batch", "--quiet", "--homedir", folder]
    return subprocess.run([*base, *arguments], check=True, capture_output=True, **more)
shutil.copy("/usr/bin/true", folder + "/program")
if {user}:
    os.chown(folder, {user}, {user})
    os.setgroups([])
    os.setgid({user})
    os.setuid({user})
{enter}
try:
    {act}
except BaseException as error:
    print("refused", type(error).__name__)
else:
    print("done")
"""
ENTER = "enter_program_jail(Path('/usr/bin/gpg'), Path(folder), 1 << 30, 60)"
# Each is shown to work outside the jail first, so that a refusal is the jail's.
FORBIDDEN = {
    "read who has an account": "open('/etc/passwd').read()",
    "read the program's own source": "open(project + '/custody/errors.py').read()",
    "list a folder": "os.listdir('/')",
    "list the project": "os.listdir(project)",
    "look into a process": "open('/proc/self/maps').read()",
    "read the random device": "open('/dev/urandom', 'rb').read(1)",
    "write a file beside its home": "open(folder + '-beside', 'w').close() or os.unlink(folder + '-beside')",
    "make a folder beside its home": "os.mkdir(folder + '-beside') or os.rmdir(folder + '-beside')",
    "make a link": "os.symlink('/etc/passwd', folder + '/link')",
    "make a pipe with a name": "os.mkfifo(folder + '/pipe')",
    "open a socket to a network": "socket.socket()",
    "open a socket to this machine": "socket.socket(socket.AF_UNIX)",
    "open a pair of sockets": "socket.socketpair()",
    "run another program": "subprocess.run(['/usr/bin/true'], check=True)",
    "run what lies in its home": "subprocess.run([folder + '/program'], check=True)",
    "run a script": "subprocess.run(['/bin/sh', '-c', 'true'], check=True)",
    "have gpg read a file": "gpg('--output', '-', '--enarmor', '/etc/passwd')",
    "have gpg write a file": "gpg('--output', folder + '-beside', '--enarmor', folder + '/program')"
    " and os.unlink(folder + '-beside')",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "signal a thread of its parent": "call(TGKILL, os.getppid(), os.getppid(), 0)",
    "have a pipe signal its parent": "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())",
    "have a pipe send another signal": "fcntl.fcntl(os.pipe()[0], fcntl.F_SETSIG, signal.SIGKILL)",
    "signal one process, were it itself": "os.kill(os.getpid(), 0)",
    "leave its group": "child(lambda: os.setpgid(0, 0))",
    "leave its session": "child(os.setsid)",
    "write a large file": "open(folder + '/large', 'wb').write(bytes(5_000_000))",
    "take two gigabytes": "len(bytes(1 << 31))",
    "open many files": "[os.dup(0) for _ in range(100)]",
    "keep a name for memory": "os.memfd_create('x')",
}
# Outside they would change this machine, or fail for other reasons, so none is tried there.
SYSTEM_CALLS = {
    "ptrace": 101,
    "tgkill": 234,
    "mount": 165,
    "unshare": 272,
    "setns": 308,
    "chroot": 161,
    "bpf": 321,
    "add_key": 248,
    "keyctl": 250,
    "io_uring_setup": 425,
    "userfaultfd": 323,
    "perf_event_open": 298,
    "process_vm_readv": 310,
    "pidfd_open": 434,
    "clone3": 435,
    "personality": 135,
    "setuid": 105,
    "connect": 42,
    "sendto": 44,
}
ALLOWED = {
    "run gpg": "gpg('--version')",
    "have gpg write in its home": "gpg('--output', folder + '/a', '--enarmor', folder + '/program')",
    "write in its home": "open(folder + '/file', 'w').write('x')",
    "tidy up its home": "os.mkdir(folder + '/a'); open(folder + '/a/b', 'w').close(); shutil.rmtree(folder + '/a')",
    "start a thread": "threading.Thread(target=int).start()",
    "wait for a limited time": "signal.alarm(1); signal.alarm(0)",
}


@pytest.fixture
def folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="jail-", dir="/tmp") as made:
        yield made


def attempt(act: str, enter: str, folder: str, project: Path, user: int = 0) -> str:
    """What became of it: done, refused, or died."""
    body = _PREPARE.format(act=act, enter=enter, user=user)
    paths = json.dumps([str(project), *filter(None, sys.path)])
    command = [sys.executable, "-I", "-c", body, paths, folder, str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    return done.stdout.strip() or f"died {done.returncode} {done.stderr}"


@pytest.mark.parametrize("act", FORBIDDEN)
def test_in_the_jail_the_adversary_cannot(act: str, folder: str, project: Path) -> None:
    assert attempt(FORBIDDEN[act], ENTER, folder, project).startswith("refused")


@pytest.mark.parametrize("act", sorted(FORBIDDEN.keys() - {"take two gigabytes"}))
def test_outside_the_jail_the_same_act_works(act: str, folder: str, project: Path) -> None:
    assert attempt(FORBIDDEN[act], "", folder, project) == "done"


@pytest.mark.parametrize("act", ALLOWED)
def test_in_the_jail_the_work_goes_on(act: str, folder: str, project: Path) -> None:
    assert attempt(ALLOWED[act], ENTER, folder, project) == "done"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_what_is_not_needed_does_not_exist(name: str, folder: str, project: Path) -> None:
    assert attempt(f"absent({SYSTEM_CALLS[name]})", ENTER, folder, project) == "done"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number is that of x86-64")
def test_a_system_call_that_exists_would_be_found(folder: str, project: Path) -> None:
    getpid = 39
    assert attempt(f"absent({getpid})", ENTER, folder, project) == "refused AssertionError"


def test_a_process_of_its_own_namespace_is_no_way_out(folder: str, project: Path) -> None:
    new_user, end = 0x10000000, 17
    clone = 56 if os.uname().machine == "x86_64" else 220
    assert attempt(f"call({clone}, {new_user | end}, 0, 0, 0, 0)", ENTER, folder, project) == "refused OSError"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("act", ["run gpg", "write in its home"])
def test_an_ordinary_user_is_jailed_as_well(act: str, folder: str, project: Path) -> None:
    assert attempt(ALLOWED[act], ENTER, folder, project, user=65_534) == "done"
    assert attempt(FORBIDDEN["read who has an account"], ENTER, folder, project, user=65_534).startswith("refused")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has what is given up")
def test_root_gives_up_what_makes_it_root(folder: str, project: Path) -> None:
    act = "os.chown(folder + '/program', 1, 1)"
    assert attempt(act, "", folder, project) == "done"
    assert attempt(act, ENTER, folder, project).startswith("refused")


def test_limits_cannot_be_raised_again(folder: str, project: Path) -> None:
    act = "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))"
    assert attempt(act, "", folder, project) == "done"
    assert attempt(act, ENTER, folder, project).startswith("refused")


def test_the_group_can_end_itself(folder: str, project: Path) -> None:
    assert attempt("os.kill(0, signal.SIGKILL)", ENTER, folder, project).startswith("died -9")


def test_a_kernel_without_landlock_is_no_jail(folder: str, project: Path) -> None:
    without = "import custody.edge.landlock as landlock; landlock._CREATE_RULESET = 9_999\n" + ENTER
    assert attempt("None", without, folder, project).startswith("died 1")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7])
def test_each_version_of_landlock_is_asked_for_what_it_knows(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel is given for each of its versions; this kernel answers for one of them only."""
    asked = []

    def call(number: int, *arguments: object) -> int:
        if number != landlock._CREATE_RULESET:
            raise OSError
        if arguments[0] is None:
            return version
        asked.append(arguments[0]._obj)  # type: ignore[attr-defined]
        raise OSError

    monkeypatch.setattr(landlock, "_call", call)
    with pytest.raises(OSError):
        landlock.confine(reads=[], runs=[], writes=[])
    (ruleset,) = asked
    assert ruleset.files == (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    assert ruleset.network == (3 if version >= 4 else 0)
    assert ruleset.scopes == (3 if version >= 6 else 0)
