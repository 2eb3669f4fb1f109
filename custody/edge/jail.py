"""The jails of our child processes: what is open stays open, and nothing else can be opened, reached or started.

A child is started with an empty environment and in Python's isolated mode; it loads what it needs, enters the jail,
and only then meets what is hostile or secret. A child that cannot do its work without another program enters the
wider `enter_program_jail` instead.
"""

import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from custody.edge.landlock import confine

if TYPE_CHECKING:
    import pyseccomp

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PROT_EXEC = 4
# What is left: to read and write what is open already, to take memory that cannot be run, to stop.
_SYSCALLS = (
    *("read", "write", "close", "lseek", "fstat"),
    *("brk", "munmap", "mremap", "madvise", "futex"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("clock_gettime", "getrandom", "getpid", "gettid"),
    *("exit", "exit_group"),
)
_MEMORY_SYSCALLS = ("mmap", "mprotect")
# What a program of the system, and Python as it starts one, cannot do without. All else (sockets, namespaces, mounts,
# debugging, ...) does not exist, as on an old kernel, so that the C library finds another way.
_PROGRAM_SYSCALLS = (
    *("read", "readv", "write", "writev", "pread64", "pwrite64", "close", "close_range", "lseek"),
    *("open", "openat", "stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"),
    *("readlink", "readlinkat", "getcwd", "getdents64", "fadvise64", "ftruncate", "fsync", "fdatasync", "umask"),
    *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2"),
    *("pipe", "pipe2", "dup", "dup2", "dup3", "poll", "ppoll", "select", "pselect6"),
    *("brk", "mmap", "mprotect", "munmap", "mremap", "madvise", "futex"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("fork", "vfork", "execve", "wait4", "waitid", "exit", "exit_group", "alarm", "setitimer"),
    *("set_tid_address", "set_robust_list", "rseq", "arch_prctl", "sched_yield", "sched_getaffinity"),
    *("getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrlimit", "uname"),
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom"),
)
# What a program does to its own descriptors. F_SETOWN and F_SETSIG, which send any signal to anybody, are left out.
_DESCRIPTOR_COMMANDS = (
    *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL),
    *(fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW),
)
# CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET (linux/sched.h).
_NEW_NAMESPACES = 0x7E020000
_CAPABILITY_VERSION_3 = 0x20080522
_LIBRARIES = tuple(Path(name) for name in ("/usr/lib", "/usr/lib64", "/lib", "/lib64"))
_LOADER_CACHE, _NOWHERE = Path("/etc/ld.so.cache"), Path("/dev/null")
_MAX_OPEN_FILES = 64
_MAX_FILE_BYTES = 4_194_304
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
    # Its own threads, and nobody else's: to die of what went wrong in it.
    allowed.add_rule(pyseccomp.ALLOW, "tgkill", pyseccomp.Arg(0, pyseccomp.EQ, os.getpid()))
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


def enter_program_jail(program: Path, folder: Path, memory: int, processor_seconds: int) -> None:
    """Give up, for ever and for every program started from here: all files but ``program`` and the system's libraries,
    to read and run, and ``folder``, to write; sockets and privileges; core dumps, and being looked into.

    Each process may take ``memory`` bytes and so many seconds of the processor.

    Raises:
        OSError, RuntimeError: the kernel or libseccomp refuses; the caller must not go on.
    """
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, processor_seconds),
        (resource.RLIMIT_NOFILE, _MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
    ):
        resource.setrlimit(limit, (value, value))
    close_to_others()
    allowed = _program_filter()
    _set(_PR_SET_NO_NEW_PRIVS, 1)
    confine(reads=[_LOADER_CACHE], runs=[program.resolve(), *_LIBRARIES], writes=[folder, _NOWHERE])
    _drop_capabilities()
    allowed.load()


def _program_filter() -> "pyseccomp.SyscallFilter":
    import pyseccomp

    allowed = pyseccomp.SyscallFilter(defaction=pyseccomp.ERRNO(errno.ENOSYS))
    for name in _PROGRAM_SYSCALLS:
        allowed.add_rule(pyseccomp.ALLOW, name)
    for command in _DESCRIPTOR_COMMANDS:
        allowed.add_rule(pyseccomp.ALLOW, "fcntl", pyseccomp.Arg(1, pyseccomp.EQ, command))
    allowed.add_rule(pyseccomp.ALLOW, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _NEW_NAMESPACES, 0))
    # Its own limits, and nobody else's.
    allowed.add_rule(pyseccomp.ALLOW, "prlimit64", pyseccomp.Arg(0, pyseccomp.EQ, 0))
    # Its own group, and no other: to end itself with all that it started.
    ending = (pyseccomp.Arg(0, pyseccomp.EQ, 0), pyseccomp.Arg(1, pyseccomp.EQ, signal.SIGKILL))
    allowed.add_rule(pyseccomp.ALLOW, "kill", *ending)
    return allowed


def _drop_capabilities() -> None:
    """Root is a user like any other from here on; with no_new_privs no program gets anything back."""
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def close_to_others() -> None:
    """No core dump, and no look from another program of the same user, for the rest of this process's life.

    Raises:
        OSError: the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _set(_PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """The kernel kills this process as soon as the one that forked it is gone.

    Raises:
        OSError: the kernel refuses.
    """
    _set(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _set(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def isolated_command(module: str) -> list[str]:
    """How to start ``main`` of a module in this interpreter, importing from where this process imports.

    That serves an installed wheel and an editable checkout alike; the environment and the working folder decide
    nothing (``-I``).
    """
    boot = f"{_PATHS}; from {module} import main; main()"
    paths = [str(Path(__file__).resolve().parents[2]), *filter(os.path.isabs, sys.path)]
    return [sys.executable, "-I", "-c", boot, json.dumps(paths)]
