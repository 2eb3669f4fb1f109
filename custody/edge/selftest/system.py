"""What is under the signer: memory that is not written out, a root that cannot change, no privilege, a clock."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from custody.edge.selftest.guarantee import Guarantee, Machine, NotHeld

#: How far the system's clock may be from the clock of the board, seconds.
CLOCK_TOLERANCE = 10
_NOBODY = ("|/bin/false", "|/nonexistent")
_PROGRAMS = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")


def _swap(machine: Machine) -> str:
    places = machine.read("proc/swaps").splitlines()[1:]
    if places:
        raise NotHeld(f"on {' '.join(line.split()[0] for line in places)}")
    return "none"


def _core_dumps(machine: Machine) -> str:
    pattern, setuid = machine.read("proc/sys/kernel/core_pattern"), machine.read("proc/sys/fs/suid_dumpable")
    if pattern not in _NOBODY or setuid != "0":
        raise NotHeld(f"core_pattern = {pattern}, suid_dumpable = {setuid}")
    return f"core_pattern = {pattern}"


def _root(machine: Machine) -> str:
    mounts = [line.split() for line in machine.read("proc/self/mountinfo").splitlines()]
    # The last one is on top.
    device, options = next((row[2], row[5]) for row in reversed(mounts) if row[4] == "/")
    if "ro" not in options.split(","):
        raise NotHeld("the root can be written")
    uuid = f"sys/dev/block/{device}/dm/uuid"
    if not machine.exists(uuid) or not machine.read(uuid).startswith("CRYPT-VERITY-"):
        raise NotHeld("the root is read-only, and its blocks are not checked")
    return "read-only, each block checked"


def _confinement(machine: Machine) -> str:
    profile = machine.read("proc/self/attr/current").rstrip("\0")
    if profile != "signer (enforce)":
        raise NotHeld(profile or "none")
    return profile


def _seccomp(machine: Machine) -> str:
    mode = machine.status()["Seccomp"]
    if mode != "2":
        raise NotHeld("every system call is open")
    return "a filter is on"


def _privileges(machine: Machine) -> str:
    status = machine.status()
    user = status["Uid"].split()[0]
    able = [name for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[name], 16)]
    if user == "0" or able or status["NoNewPrivs"] != "1":
        raise NotHeld(f"user {user}, {' '.join(able) or 'no capability'}, no_new_privs {status['NoNewPrivs']}")
    return f"user {user}, no capability, none to be had"


def _setuid(machine: Machine) -> str:
    found = sorted(f"/{path.relative_to(machine.root)}" for path in _programs(machine.root) if _raises(path))
    if found:
        raise NotHeld(f"{len(found)}: {' '.join(found)[:200]}")
    return "none"


def _programs(root: Path) -> Iterator[Path]:
    for folder in (root / name for name in _PROGRAMS):
        if folder.is_dir() and not folder.is_symlink():
            yield from folder.iterdir()


def _raises(program: Path) -> bool:
    status = program.lstat()
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & (stat.S_ISUID | stat.S_ISGID))


def _clock(machine: Machine) -> str:
    apart = abs(machine.now - int(machine.read("sys/class/rtc/rtc0/since_epoch")))
    if apart > CLOCK_TOLERANCE:
        raise NotHeld(f"the system's clock is {apart:,.0f} seconds from the board's")
    return "the clock of the board"


def _shell(machine: Machine) -> str:
    names = ("sh", "bash", "dash", "busybox", "perl", "ssh", "curl", "wget", "nc", "ip", "dpkg", "apt-get", "sudo")
    found = [name for name in names if any(os.path.lexists(machine.root / place / name) for place in _PROGRAMS)]
    if found:
        raise NotHeld(f"there: {' '.join(found)}")
    return "none"


GUARANTEES = (
    Guarantee("swap", "memory is never written to a disk", _swap),
    Guarantee("core-dumps", "a program that dies leaves no image of its memory", _core_dumps),
    Guarantee("root", "the system cannot be changed, and each block of it is checked when it is read", _root),
    Guarantee("confinement", "AppArmor confines this program", _confinement),
    Guarantee("seccomp", "this program may not call all of the kernel", _seccomp),
    Guarantee("privileges", "this program has no privilege and can gain none", _privileges),
    Guarantee("setuid", "no program runs with more rights than who starts it", _setuid),
    Guarantee("tools", "there is no shell, network tool or package manager", _shell),
    Guarantee("clock", "the time is that of the board's own clock", _clock),
)
