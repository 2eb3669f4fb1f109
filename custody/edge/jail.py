"""The jail of our child processes: what is open stays open, and nothing else can be opened, reached or started.

A child is started with an empty environment and in Python's isolated mode; it loads what it needs, enters the jail,
and only then meets what is hostile or secret.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path

_PR_SET_DUMPABLE = 4
_PROT_EXEC = 4
# What is left: to read and write what is open already, to take memory that cannot be run, to stop.
_SYSCALLS = (
    *("read", "write", "close", "lseek", "fstat"),
    *("brk", "munmap", "mremap", "madvise", "futex"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("clock_gettime", "getrandom", "getpid", "gettid", "tgkill"),
    *("exit", "exit_group"),
)
_MEMORY_SYSCALLS = ("mmap", "mprotect")
_PATHS = "import json, sys; sys.path += [p for p in json.loads(sys.argv[1]) if p not in sys.path]"


def enter_jail(memory: int) -> None:
    """Give up, for ever: files, sockets, programs, threads, ``memory`` beyond so many bytes, memory that can be run,
    core dumps, and being looked into by other programs.

    Raises:
        OSError, RuntimeError: the kernel or libseccomp refuses; the caller must not go on.
    """
    import pyseccomp

    allowed = pyseccomp.SyscallFilter(defaction=pyseccomp.ERRNO(1))
    for name in _SYSCALLS:
        allowed.add_rule(pyseccomp.ALLOW, name)
    for name in _MEMORY_SYSCALLS:
        allowed.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(2, pyseccomp.MASKED_EQ, _PROT_EXEC, 0))
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    close_to_others()
    # libseccomp sets no_new_privs first.
    allowed.load()


def close_to_others() -> None:
    """No core dump, and no look from another program of the same user, for the rest of this process's life.

    Raises:
        OSError: the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def isolated_command(module: str) -> list[str]:
    """How to start ``main`` of a module in this interpreter, importing from where this process imports.

    That serves an installed wheel and an editable checkout alike; the environment and the working folder decide
    nothing (``-I``).
    """
    boot = f"{_PATHS}; from {module} import main; main()"
    paths = [str(Path(__file__).resolve().parents[2]), *filter(os.path.isabs, sys.path)]
    return [sys.executable, "-I", "-c", boot, json.dumps(paths)]
