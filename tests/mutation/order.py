"""Which tests a mutant meets, and in which order: those of its name first, and those that noticed others before.

The order decides how soon a mutant is noticed, never whether: what the first tests miss meets all the others that can
notice it.
"""

import ast
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

SOONEST = 40
EVERYWHERE = ""
PRODUCT = str(Path(__file__).resolve().parents[2] / "custody")

_Tracer = Callable[[FrameType, str, Any], Any]


@dataclass(eq=False)
class Reach:
    """A plugin for the run without a mutant: which lines of some modules each test runs, and for how many seconds."""

    modules: set[str]
    lines: dict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Watches a test."""
        started = time.monotonic()
        with self._watching(item.nodeid):
            outcome = yield
        self.seconds[item.nodeid] = time.monotonic() - started
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Watches what runs when a file of tests is read: all its tests may rest on that."""
        with self._watching(collector.nodeid):
            return (yield)

    @contextmanager
    def _watching(self, name: str) -> Iterator[None]:
        sys.settrace(self._tracer(self.lines[name]))
        try:
            yield
        finally:
            sys.settrace(None)

    def _tracer(self, found: set[tuple[str, int]]) -> _Tracer:
        def line(frame: FrameType, _event: str, _given: Any) -> _Tracer:
            found.add((frame.f_code.co_filename, frame.f_lineno))
            if _while_the_product_is_read(frame):
                self.lines[EVERYWHERE].add((frame.f_code.co_filename, frame.f_lineno))
            return line

        def call(frame: FrameType, event: str, given: Any) -> _Tracer | None:
            return line(frame, event, given) if frame.f_code.co_filename in self.modules else None

        return call

    def entering(self, path: Path, around: range) -> set[str]:
        """The tests that run any of these lines, or whose file does when it is read; all where the product does."""
        runs = {name for name, lines in self.lines.items() if any((str(path), line) in lines for line in around)}
        return {test for test in self.seconds if {test, test.partition("::")[0], EVERYWHERE} & runs}


def _while_the_product_is_read(frame: FrameType | None) -> bool:
    """Whether it runs because a module of the product is read for the first time."""
    while frame and not (frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(PRODUCT)):
        frame = frame.f_back
    return frame is not None


@dataclass
class Order:
    """How soon each test is asked."""

    reach: Reach
    noticed: Counter[str] = field(default_factory=Counter)

    def stages(self, path: Path, line: int, around: range, tests: Collection[str]) -> Iterator[dict[str, float]]:
        """Of the tests in these files those that can notice a change of a line, each with a small number for the first.

        A test that does not enter the function around the line cannot. What runs when the module is read belongs to no
        function: every test may tell.
        """
        able = self.reach.entering(path, around) if around else {*self.reach.seconds}
        exact = self.reach.entering(path, range(line, line + 1))
        ranks = {test: self._rank(test, path, test in exact) for test in able if test.partition("::")[0] in tests}
        soonest = sorted(ranks, key=ranks.__getitem__)[:SOONEST]
        yield {test: ranks.pop(test) for test in soonest}
        yield ranks

    def _rank(self, test: str, path: Path, exact: bool) -> float:
        named = Path(test.partition("::")[0]).name.startswith(f"test_{path.stem}")
        return (self.reach.seconds[test] + (0 if named else 1) + (0 if exact else 100)) / (1 + self.noticed[test])


@dataclass
class Chosen:
    """A plugin for the run with a mutant: keeps the tests that are ranked, in their order, and tells which one failed.

    A test that the run without a mutant did not have is kept too: its name may come from what the mutant changed.
    """

    ranks: Mapping[str, float]
    known: Collection[str]
    tell: Callable[[str], object]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Chooses."""
        kept = [item for item in items if item.nodeid in self.ranks or item.nodeid not in self.known]
        items[:] = sorted(kept, key=lambda item: self.ranks.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tells of a failure."""
        if report.failed:
            self.tell(report.nodeid)


def function_around(tree: ast.Module, line: int) -> range:
    """The lines of the innermost function that a line stands in; none where it stands in no function."""
    functions = [
        range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    return min((one for one in functions if line in one), key=len, default=range(0))
