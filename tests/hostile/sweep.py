"""The hostile sweep: every message bent in every way, and nothing signed with another meaning.

    tests/hostile/sweep.py --cases 100000 --seed 7          the whole sweep, progress on stderr
    tests/hostile/sweep.py --only answer --seed 7 --case 41  one case again

A case is found when what must never be happened, when anything but CustodyError was raised, or when it took more
than `MAX_SECONDS` or `MAX_BYTES`. Those two are no measure of speed: they are what a hostile message may cost the
signer, a hundred times what an honest one does, so that nobody can stop a treasury with a file.
"""

import argparse
import contextlib
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile import frames, world
from hostile.subjects import SUBJECTS, Subject

from custody.errors import CustodyError

MAX_SECONDS = 2.0
MAX_BYTES = 200 * 1_000_000
HUNG_SECONDS = 60
SHARES = 2_500
DEFAULT_SEED = 20_260_101


class HungError(BaseException):
    """A case did not end."""


@dataclass
class Found:
    """A case that went wrong, with all that is needed to see it again."""

    subject: str
    seed: int
    case: int
    what: str
    message: Any

    def __str__(self) -> str:
        """For people: what, how to run it again, and the message itself."""
        again = f"tests/hostile/sweep.py --only {self.subject} --seed {self.seed} --case {self.case}"
        return f"{self.subject}: {self.what}\n  again: {again}\n  message: {_hex(self.message)}"


@dataclass
class Report:
    """What a sweep saw."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    @property
    def cases(self) -> int:
        """How many were run."""
        return sum(self.outcomes.values())

    def count(self, subject: str, outcome: str) -> int:
        """How many cases of a subject ended as ``taken``, ``left`` (not taken) or ``refused``."""
        return self.outcomes[subject, outcome]


def run(plan: Iterable[tuple[Subject, int]], seed: int, show: Callable[[Report], None] = lambda _: None) -> Report:
    """Runs cases, each known by subject, seed and number."""
    report = Report()
    with _watched():
        for subject, case in plan:
            message = subject.make(Random(f"{seed}:{subject.name}:{case}"))
            if what := _run_case(subject, message, report):
                report.found.append(Found(subject.name, seed, case, what, message))
            show(report)
    return report


def _run_case(subject: Subject, message: Any, report: Report) -> str:
    """Empty, or what is wrong."""
    signal.alarm(HUNG_SECONDS)
    try:
        outcome, met, seconds, size = _measured(subject, message)
        if seconds > MAX_SECONDS or size > MAX_BYTES:
            # A busy machine may be slow once; a costly message is so every time.
            _, _, *again = _measured(subject, message)
            seconds, size = min(seconds, again[0]), min(size, again[1])
        if outcome == "met":
            outcome = "taken" if subject.check(message, met) else "left"
    except HungError:
        report.outcomes[subject.name, "found"] += 1
        return f"it did not end within {HUNG_SECONDS} s"
    except Exception:
        report.outcomes[subject.name, "found"] += 1
        return traceback.format_exc(limit=-4)
    finally:
        signal.alarm(0)
    report.outcomes[subject.name, outcome] += 1
    report.slowest[subject.name] = max(seconds, report.slowest.get(subject.name, 0.0))
    report.largest[subject.name] = max(size, report.largest.get(subject.name, 0))
    return f"it took {seconds:.2f} s and {size:,} bytes" if seconds > MAX_SECONDS or size > MAX_BYTES else ""


def _measured(subject: Subject, message: Any) -> tuple[str, Any, float, int]:
    """How the product met the message, what came out, the seconds, and the bytes of memory at the most."""
    before, start = _memory_before(), time.monotonic()
    outcome, met = "met", None
    try:
        met = subject.meet(message)
    except CustodyError:
        outcome = "refused"
    seconds = time.monotonic() - start
    return outcome, met, seconds, _memory("VmHWM") - before


def _memory_before() -> int:
    """What is used now; the kernel's mark of the most begins anew (clear_refs, proc(5)), or else goes on from there."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _memory("VmHWM")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition(f"{name}:")[2].split(maxsplit=1)[0]) * 1_024


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise HungError

    world.world()
    frames.warm()
    previous = signal.signal(signal.SIGALRM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, previous)


def plan(cases: int, first: int = 0) -> Iterator[tuple[Subject, int]]:
    """So many cases, each subject its share, those of one subject far apart."""
    total = sum(subject.share for subject in SUBJECTS.values())
    rows = [
        (number / count, subject, first + number)
        for subject in SUBJECTS.values()
        for count in [max(1, round(cases * subject.share / total))]
        for number in range(count)
    ]
    yield from ((subject, number) for _, subject, number in sorted(rows, key=lambda row: (row[0], row[1].name)))


def _hex(message: Any) -> str:
    if isinstance(message, bytes):
        return message.hex() if len(message) <= 20_000 else f"{message[:200].hex()}... of {len(message):,} bytes"
    if isinstance(message, list | tuple):
        return " | ".join(map(_hex, message))[:40_000]
    return str(message)


def table(report: Report) -> str:
    """The report, a line for each subject."""
    lines = [f"{'subject':22}{'cases':>8}{'taken':>8}{'left':>8}{'refused':>9}{'slowest':>10}{'most':>9}"]
    for name in sorted({subject for subject, _ in report.outcomes}):
        counts = [report.count(name, outcome) for outcome in ("taken", "left", "refused")]
        cases = sum(count for (subject, _), count in report.outcomes.items() if subject == name)
        numbers = "".join(f"{count:>8,}" for count in (cases, *counts[:2])) + f"{counts[2]:>9,}"
        slowest, largest = report.slowest.get(name, 0) * 1_000, report.largest.get(name, 0) / 1_000_000
        lines.append(f"{name:22}{numbers}{slowest:>7.0f} ms{largest:>6.0f} MB")
    return "\n".join([*lines, f"{report.cases:,} cases, {len(report.found)} found"])


def _progress(total: int) -> Callable[[Report], None]:
    started, told = time.monotonic(), [0.0]

    def show(report: Report) -> None:
        passed = time.monotonic() - started
        if passed - told[0] < 1 and report.cases < total:
            return
        told[0] = passed
        print(
            f"\r{report.cases:,} of {total:,} cases, {report.cases / passed:.0f} a second, {len(report.found)} found ",
            end="" if report.cases < total else "\n",
            file=sys.stderr,
            flush=True,
        )

    return show


def main() -> int:
    """The command."""
    options = argparse.ArgumentParser(description="The hostile sweep.")
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options.add_argument("--first", type=int, default=0, help="number of the first case, to go on from an earlier run")
    options.add_argument("--only", choices=sorted(SUBJECTS), metavar="SUBJECT")
    options.add_argument("--case", type=int, help="one case of the subject")
    given = options.parse_args()
    if given.only:
        numbers = range(given.first, given.first + given.cases) if given.case is None else [given.case]
        cases = [(SUBJECTS[given.only], number) for number in numbers]
    else:
        cases = list(plan(given.cases, given.first))
    report = run(cases, given.seed, _progress(len(cases)))
    print(table(report))
    for found in report.found[:20]:
        print(f"\n{found}")
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
