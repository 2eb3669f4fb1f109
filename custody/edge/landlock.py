"""Landlock, by which a process takes from itself, and from all that it starts, every file but those named.

The numbers are those of the kernel's include/uapi/linux/landlock.h; they are the same on every processor.
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
# What a rule for a file, and not a folder, may name.
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

# How many rights each version of the interface knows, from the lowest bit. Later versions know no more.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_ALL_RIGHTS = 16
_TCP_SINCE, _TCP = 4, 3
_SCOPES_SINCE, _SCOPES = 6, 3


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(*, reads: Iterable[Path], runs: Iterable[Path], writes: Iterable[Path]) -> None:
    """From now on only these files, and what lies in these folders, can be opened: to read, to read and run, to read
    and write. Paths that do not exist are left out. Where the kernel knows how, TCP and signals to others end as well.

    The caller has set no_new_privs.

    Raises:
        OSError: the kernel does not know Landlock, or refuses.
    """
    version = _call(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    known = (1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1
    ruleset = _Ruleset(known, _TCP if version >= _TCP_SINCE else 0, _SCOPES if version >= _SCOPES_SINCE else 0)
    rules = _call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        for paths, rights in ((reads, _READ), (runs, _READ | _EXECUTE), (writes, _WRITE)):
            for path in paths:
                _allow(rules, path, rights & known)
        _call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _Beneath(rights if path.is_dir() else rights & _OF_A_FILE, descriptor)
        _call(_ADD_RULE, rules, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    answer = int(libc.syscall(ctypes.c_long(number), *values))
    if answer < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return answer
