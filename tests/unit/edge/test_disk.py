"""The disk: durable in the right order, whole or not at all, full disks, one process at a time, no links."""

import errno
import multiprocessing
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from log_examples import KEY, BoxSealer, append, new_log, opened, stored

from custody.audit.log import Log
from custody.audit.verify import verify
from custody.edge import disk
from custody.edge.disk import LogFiles, lock, make_folder, open_read, read_bounded, write_at, write_atomic
from custody.errors import HomeError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Calls:
    """What the disk module asks of the system, in order; may fail one call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self.failing: tuple[str, int] | None = None
        self._paths: dict[int, str] = {}
        for name in ("open", "pwrite", "ftruncate", "fsync"):
            monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name)))
        rename = Path.rename
        monkeypatch.setattr(Path, "rename", lambda source, target: self._renamed(rename, source, target))

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any) -> Any:
            if self.failing and self.failing[0] == name:
                raise OSError(self.failing[1], os.strerror(self.failing[1]))
            answer = real(first, *rest)
            if name == "open":
                self._paths[answer] = Path(first).name
            else:
                self.seen.append(f"{name} {self._paths.get(first, '?')}")
            return answer

        return call

    def _renamed(self, real: Callable[..., Any], source: Path, target: Path) -> Path:
        if self.failing and self.failing[0] == "rename":
            raise OSError(self.failing[1], os.strerror(self.failing[1]))
        self.seen.append(f"rename {source.name} {target.name}")
        moved: Path = real(source, target)
        return moved


def test_an_append_reaches_the_disk_before_the_checkpoint_speaks_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = new_log(LogFiles(tmp_path / "log"), 1)
    calls = Calls(monkeypatch)
    append(log, "policy")
    assert calls.seen == [
        "pwrite entries",
        "ftruncate entries",
        "fsync entries",
        "pwrite .checkpoint.new",
        "fsync .checkpoint.new",
        "rename .checkpoint.new checkpoint",
        "fsync log",
    ]


def test_a_new_log_is_durable_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    new_log(LogFiles(tmp_path / "log"), 0)
    assert calls.seen[0] == f"fsync {tmp_path.name}"
    assert calls.seen[-3:] == ["fsync .checkpoint.new", "rename .checkpoint.new checkpoint", "fsync log"]
    assert calls.seen.count("fsync log") == 3


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        new_log(LogFiles(tmp_path / "log"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "log") == 0o700
    assert {mode(path) for path in (tmp_path / "log").iterdir()} == {0o600}
    assert names(tmp_path / "log") == {"entries", "checkpoint", "log-key.txt"}


def test_a_log_on_disk_is_the_log_in_memory(tmp_path: Path) -> None:
    files, memory = LogFiles(tmp_path / "log"), stored()
    new_log(files)
    assert (tmp_path / "log" / "entries").read_bytes() == memory.bytes
    assert (tmp_path / "log" / "checkpoint").read_bytes() == memory.note
    assert (tmp_path / "log" / "log-key.txt").read_text() == f"{KEY.verifier}\n"
    assert list(opened(files).entries) == list(opened(memory).entries)


def test_a_log_is_never_made_over_another(tmp_path: Path) -> None:
    new_log(LogFiles(tmp_path / "log"))
    before = (tmp_path / "log" / "entries").read_bytes()
    with pytest.raises(HomeError, match="HOME-EXISTS"):
        Log.create(LogFiles(tmp_path / "log"), KEY, BoxSealer())
    assert (tmp_path / "log" / "entries").read_bytes() == before


# Whole or not at all.


@pytest.mark.parametrize(("call", "code"), [("pwrite", errno.ENOSPC), ("fsync", errno.EIO), ("rename", errno.EROFS)])
def test_a_failed_replacement_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    write_atomic(tmp_path / "file", b"old")
    Calls(monkeypatch).failing = (call, code)
    with pytest.raises(HomeError, match="HOME-NO-SPACE" if code == errno.ENOSPC else "HOME-WRITE"):
        write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == {"file"}


def test_what_a_crash_left_beside_a_file_does_not_stop_its_replacement(tmp_path: Path) -> None:
    (tmp_path / ".file.new").write_bytes(b"half")
    write_atomic(tmp_path / "file", b"new", mode=0o640)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == {"file"}
    assert mode(tmp_path / "file") & 0o137 == 0


def test_short_writes_are_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, octets, at: real(file, bytes(octets[:3]), at))
    write_atomic(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


def test_a_system_that_writes_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with pytest.raises(HomeError, match="HOME-WRITE"):
        write_atomic(tmp_path / "file", b"0123456789")


def test_a_write_ends_the_file_where_it_ends(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    write_at(tmp_path / "file", b"ab", 3)
    assert (tmp_path / "file").read_bytes() == b"012ab"


def test_a_file_that_was_cut_meanwhile_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"01")
    with pytest.raises(HomeError, match="LOG-CHANGED"):
        write_at(tmp_path / "file", b"ab", 3)
    assert (tmp_path / "file").read_bytes() == b"01"


# A disk that fails.


@pytest.mark.parametrize(
    ("call", "code", "refusal"),
    [
        ("pwrite", errno.ENOSPC, "HOME-NO-SPACE"),
        ("pwrite", errno.EDQUOT, "HOME-NO-SPACE"),
        ("fsync", errno.EIO, "HOME-WRITE"),
        ("fsync", errno.ENOSPC, "HOME-NO-SPACE"),
        ("open", errno.EROFS, "HOME-WRITE"),
        ("rename", errno.EIO, "HOME-WRITE"),
    ],
)
def test_a_log_whose_disk_failed_is_not_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, refusal: str
) -> None:
    log = new_log(LogFiles(tmp_path / "log"), 3)
    with monkeypatch.context() as failing:
        Calls(failing).failing = (call, code)
        with pytest.raises(HomeError, match=refusal):
            append(log, "policy")
    with pytest.raises(HomeError, match="LOG-UNUSABLE"):
        append(log, "policy")
    again = opened(LogFiles(tmp_path / "log"))
    append(again, "list")
    assert again.entries[-1].kind == "list"
    assert sum(entry.kind == "policy" for entry in again.entries) <= 2
    assert holds(tmp_path / "log")


def holds(folder: Path) -> bool:
    report = verify((folder / "entries").read_bytes(), (folder / "checkpoint").read_bytes(), KEY.verifier)
    return report.first_bad is None


def _append_within(folder: Path, limit: int) -> None:
    """In a process that may not make any file longer than `limit` bytes."""
    log = opened(LogFiles(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        append(log, "policy")
    except HomeError as error:
        os._exit(7 if error.code == "HOME-NO-SPACE" else 8)
    os._exit(0)


def test_a_full_disk_tears_the_write_and_the_next_start_says_so(tmp_path: Path) -> None:
    new_log(LogFiles(tmp_path / "log"), 3)
    entries = tmp_path / "log" / "entries"
    whole = entries.read_bytes()
    process = multiprocessing.get_context("fork").Process(
        target=_append_within, args=(tmp_path / "log", len(whole) + 100)
    )
    process.start()
    process.join()
    assert process.exitcode == 7
    torn = entries.read_bytes()
    assert torn.startswith(whole)
    assert len(torn) == len(whole) + 100
    log = opened(LogFiles(tmp_path / "log"))
    assert [entry.kind for entry in log.entries[3:]] == ["torn"]
    assert log.private(3)["bytes"] == 100
    assert holds(tmp_path / "log")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_device_is_told_as_such() -> None:
    with pytest.raises(HomeError, match="HOME-NO-SPACE"):
        write_at(Path("/dev/full"), b"x", 0)


# A process killed at any moment.


def _append_for_ever(folder: Path) -> None:
    log = opened(LogFiles(folder))
    while True:
        append(log, "policy")


@pytest.mark.parametrize("round_", range(5))
def test_a_killed_process_leaves_a_log_that_opens(tmp_path: Path, round_: int) -> None:
    new_log(LogFiles(tmp_path / "log"), 3)
    process = multiprocessing.get_context("fork").Process(target=_append_for_ever, args=(tmp_path / "log",))
    process.start()
    process.join(0.05 + round_ * 0.013)
    process.kill()
    process.join()
    log = opened(LogFiles(tmp_path / "log"))
    assert log.size >= 3
    assert holds(tmp_path / "log")


# Links and other things that are no files.


def test_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"kept")
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    for attempt in (
        lambda: write_at(tmp_path / "file", b"x", 0),
        lambda: open_read(tmp_path / "file"),
        lambda: read_bounded(tmp_path / "file", 10),
    ):
        with pytest.raises(HomeError, match="HOME-WRITE"):
            attempt()
    write_atomic(tmp_path / "file", b"new")
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"kept"


def test_a_pipe_or_a_folder_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(HomeError, match="HOME-CORRUPT"):
            open_read(path)


def test_a_file_beyond_its_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read_bounded(tmp_path / "file", 5) == b"12345"
    with pytest.raises(HomeError, match="HOME-CORRUPT"):
        read_bounded(tmp_path / "file", 4)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="HOME-WRITE"):
        LogFiles(tmp_path).checkpoint()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(0o755), lambda path: path.write_bytes(b""),
                                  lambda path: path.symlink_to("/")])  # fmt: skip
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "folder")
    with pytest.raises(HomeError, match="HOME-PERMISSIONS"):
        make_folder(tmp_path / "folder")


def test_an_own_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    make_folder(tmp_path / "folder")
    make_folder(tmp_path / "folder")
    assert mode(tmp_path / "folder") == 0o700


# One process at a time.

LOCK = "import sys, pathlib; from custody.edge.disk import lock\nwith lock(pathlib.Path(sys.argv[1])): print('held')"


def lock_elsewhere(path: Path, project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LOCK, str(path)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_a_second_process_is_told_that_the_home_is_busy(tmp_path: Path, project: Path) -> None:
    with lock(tmp_path / "lock"):
        done = lock_elsewhere(tmp_path / "lock", project)
        assert "HOME-BUSY" in done.stderr
        with pytest.raises(HomeError, match="HOME-BUSY"), lock(tmp_path / "lock"):
            pass
    assert lock_elsewhere(tmp_path / "lock", project).stdout == "held\n"
    assert mode(tmp_path / "lock") == 0o600


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HomeError, match="HOME-WRITE"), lock(tmp_path / "lock"):
        pass
    assert names(tmp_path) == {"lock"}


def test_the_module_names_every_error_of_the_system() -> None:
    with pytest.raises(HomeError, match="HOME-WRITE"), disk.failures("thing"):
        raise OSError("no number")
