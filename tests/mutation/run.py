"""Mutation testing: changes one thing of a module at a time, and lists the changes that no test notices.

Each mutant runs in a forked child, in memory: no source is written. It meets the unit tests of its room, of
the rooms in that, and those given, as far as they enter its function: `order.py` says in which order. All of them must
pass without a mutant, or every mutant would seem to be noticed. A bound named MAX_ has no mutants: tests/test_docs.py
holds each to docs/spec/limits.md.

    .venv/bin/python tests/mutation/run.py custody/policy/rules/history.py custody/policy/rules/repeats.py
    .venv/bin/python tests/mutation/run.py --sample 50 custody/policy/clauses.py
    .venv/bin/python tests/mutation/run.py --line 31 --line 44 custody/policy/clauses.py
    .venv/bin/python tests/mutation/run.py --list custody/policy/rules/history.py

Survivors that are no fault of the tests are explained in tests/mutation/README.md. Exit 1 when something survived.
"""

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.machinery
import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from mutation.order import Chosen, Order, Reach, function_around  # noqa: E402

SECONDS = 120

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt,
}  # fmt: skip
# Arguments whose order says nothing, and texts of findings, of which few tests read which is which.
_NOT_SWAPPED = {"max", "min", "fault", "Finding", "InputError", "Reason"}
_NAMED = {"max": "min", "min": "max", "any": "all", "all": "any"}
_CODE = re.compile(r"[A-Z]+(-[A-Z0-9]+)+")
_OPTIONS = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:randomly",
    "-p",
    "no:unraisableexception",
    "--hypothesis-profile=mutation",
]


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed: where, what, and the changed tree."""

    path: Path
    line: int
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        source = self.path.read_text("utf-8").splitlines()[self.line - 1].strip()
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.what}: {source}"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(inner) for node in ast.walk(tree) for inner in _of_no_matter(node)}
    for position, node in enumerate(ast.walk(tree)):
        for what, replaced in _changes(node) if id(node) not in left_out else ():
            place = node.target if isinstance(node, ast.comprehension) else node
            yield Mutant(path, getattr(place, "lineno", 1), what, _with(tree, position, replaced))


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    yield from (*_of_values(node), *_of_constants(node), *_of_steps(node))


def _of_no_matter(node: ast.AST) -> Iterator[ast.AST]:
    """Decorators, such as whether a class has slots, and annotations."""
    parts = [*getattr(node, "decorator_list", ()), getattr(node, "annotation", None), getattr(node, "returns", None)]
    if isinstance(node, ast.Assign) and all(re.match("MAX_", ast.unparse(target)) for target in node.targets):
        parts.append(node.value)
    yield from (inner for part in parts if part for inner in ast.walk(part))


def _with(tree: ast.Module, position: int, replaced: ast.AST) -> ast.Module:
    """A copy of the tree in which another node stands at a place."""
    changed = copy.deepcopy(tree)
    node = next(one for index, one in enumerate(ast.walk(changed)) if index == position)
    for parent in ast.walk(changed):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, replaced)
            elif isinstance(value, list) and any(one is node for one in value):
                setattr(parent, name, [replaced if one is node else one for one in value])
    return ast.fix_missing_locations(changed)


def _of_values(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another value."""
    match node:
        case ast.Compare(left, [operator, *others], compared) if type(operator) in _COMPARED:
            yield "comparison", ast.Compare(left, [_COMPARED[type(operator)](), *others], compared)
            if type(operator) in _TURNED:
                yield "turned", ast.Compare(left, [_TURNED[type(operator)](), *others], compared)
        case ast.BoolOp(operator, values):
            yield "and, or", ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for index in range(len(values)):
                rest = values[:index] + values[index + 1 :]
                yield f"without operand {index}", ast.BoolOp(operator, rest) if rest[1:] else rest[0]
        case ast.UnaryOp(ast.Not(), operand):
            yield "without not", operand
        case ast.BinOp(left, operator, right) if type(operator) in _COUNTED:
            yield "operator", ast.BinOp(left, _COUNTED[type(operator)](), right)
        case ast.Name(name, ast.Load()) if name in _NAMED:
            yield _NAMED[name], ast.Name(_NAMED[name], ast.Load())


def _of_constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another constant, or the same ones in other places."""
    match node:
        case ast.Call(called, arguments, keywords) if ast.unparse(called).rpartition(".")[2] not in _NOT_SWAPPED:
            for index, (one, other) in enumerate(pairwise(arguments)):
                if not isinstance(one, ast.Starred) and not isinstance(other, ast.Starred):
                    swapped = [*arguments[:index], other, one, *arguments[index + 2 :]]
                    yield f"arguments {index} and {index + 1}", ast.Call(called, swapped, keywords)
        case ast.Constant(bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int(value)):
            yield "constant + 1", ast.Constant(value + 1)
            yield "constant - 1", ast.Constant(value - 1)
        case ast.Constant(str(value)) if _CODE.fullmatch(value):
            yield "another code", ast.Constant(value + "-X")


def _of_steps(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another way through."""
    match node:
        case ast.If(test, body, orelse):
            yield "if not", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, body, orelse):
            yield "if not", ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.comprehension(target, source, conditions, asynchronous) if conditions:
            yield "without its if", ast.comprehension(target, source, conditions[1:], asynchronous)
        case ast.Expr(ast.Yield() | ast.YieldFrom()):
            yield "yields nothing", ast.If(ast.Constant(0), [node], [])  # type: ignore[list-item]
        # A constant False becomes True elsewhere, and whoever asks a question takes None for no.
        case ast.Return(ast.expr() as value) if ast.unparse(value) not in {"None", "False"}:
            yield "returns None", ast.Return(ast.Constant(None))
        case ast.Expr(ast.Call()) | ast.AugAssign() | ast.Raise():
            yield "left out", ast.Pass()
        case ast.Continue() | ast.Return(None):
            yield "goes on", ast.Pass()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives a module its mutant's code."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self._name, self._mutant = name, mutant

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The spec of the one module."""
        if name != self._name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(self._mutant.path))

    def get_source(self, fullname: str) -> str:
        """What stands in the file."""
        del fullname
        return self._mutant.path.read_text("utf-8")

    def get_code(self, fullname: str) -> CodeType:
        """The mutant's code."""
        del fullname
        return compile(self._mutant.tree, str(self._mutant.path), "exec")

    def exec_module(self, module: ModuleType) -> None:
        """Runs it."""
        module.__file__ = str(self._mutant.path)
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102


def _run(mutant: Mutant, ranks: Mapping[str, float], order: Order) -> bool:
    """Whether a test fails, in a child that is this process but for the mutant; one that takes too long has failed."""
    name = _module(mutant.path)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir(ROOT)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        signal.alarm(SECONDS)
        forget_dependents(name)
        sys.meta_path.insert(0, _Finder(name, mutant))
        chosen = Chosen(ranks, order.reach.seconds, lambda test: os.write(writing, test.encode()[:1_000]))
        files = sorted({test.partition("::")[0] for test in ranks})
        outcome = pytest.main([*_OPTIONS, *files], plugins=[chosen])
        os._exit(0 if outcome in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else 1)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        order.noticed.update(told.read().decode("utf-8", "replace").split("\n")[:1])
    _, status = os.waitpid(child, 0)
    return status != 0


def run_without_a_mutant(tests: Sequence[str], modules: Sequence[Path]) -> Reach | None:
    """What each of these tests reaches; None where one fails."""
    reach = Reach({str(path) for path in modules})
    return reach if pytest.main([*_OPTIONS, *tests], plugins=[reach]) == 0 else None


def forget_dependents(name: str) -> None:
    """Unloads a module, whatever of the product imports it, and all tests, so that they are read anew."""
    for one in _dependents(name):
        del sys.modules[one]
        package, _, attribute = one.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], attribute):
            delattr(sys.modules[package], attribute)


@cache
def _dependents(name: str) -> frozenset[str]:
    ours = {one: _file(module) for one, module in sys.modules.items() if _is_ours(_file(module))}
    imports = {one: {*_imported(file)} for one, file in ours.items()}
    stale = {name, *(one for one, file in ours.items() if file.is_relative_to(ROOT / "tests"))}
    while more := {one for one, names in imports.items() if one not in stale and names & stale}:
        stale |= more
    return frozenset(stale & {*ours})


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _file(module: ModuleType) -> Path:
    return Path(getattr(module, "__file__", None) or "/")


def _is_ours(file: Path) -> bool:
    """Whether it is the product's or a test's; this program is neither."""
    outside = "site-packages" in file.parts or file.is_relative_to(Path(__file__).parent)
    return file.is_relative_to(ROOT) and not outside


def _imported(file: Path) -> Iterator[str]:
    """Every name that might be a module that it imports."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))


def unit_tests(path: Path) -> Path:
    """The folder of the unit tests of a module's room, or of the room around it where that has none of its own."""
    room = ROOT / "tests/unit" / path.resolve().parent.relative_to(ROOT / "custody")
    return next(folder for folder in (room, *room.parents) if folder.is_dir())


def tests_of(path: Path, further: Sequence[str]) -> list[str]:
    """The unit tests of its room and of the rooms in it, and what the caller names."""
    return sorted(str(one.resolve()) for one in {*unit_tests(path).rglob("test_*.py"), *map(Path, further)})


def survives(mutant: Mutant, order: Order, further: Sequence[str]) -> bool:
    """Whether no test notices."""
    around = function_around(ast.parse(mutant.path.read_bytes()), mutant.line)
    tests = {str(Path(one).relative_to(ROOT)) for one in tests_of(mutant.path, further)}
    stages = order.stages(mutant.path, mutant.line, around, tests)
    return not any(ranks and _run(mutant, ranks, order) for ranks in stages)


def sampled(found: list[Mutant], count: int | None) -> list[Mutant]:
    """At most so many, always the same."""
    return found if count is None or len(found) <= count else random.Random(count).sample(found, count)


def asked_for(found: list[Mutant], lines: Sequence[int] | None, count: int | None) -> list[Mutant]:
    """Those of some lines, or a sample."""
    return sampled([one for one in found if lines is None or one.line in lines], count)


def main() -> int:
    """The survivors."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("module", nargs="+", type=lambda name: Path(name).resolve())
    options.add_argument("--tests", nargs="*", default=[], help="further tests for these modules")
    options.add_argument("--sample", type=int, help="at most so many mutants of each module")
    options.add_argument("--line", type=int, action="append", help="the mutants of these lines alone, all of them")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--list", action="store_true", help="only tell the mutants")
    asked = options.parse_args()
    found = [mutant for path in asked.module for mutant in asked_for([*mutants(path)], asked.line, asked.sample)]
    if asked.list:
        print(*found, sep="\n")
        return 0
    tests = {test for path in asked.module for test in tests_of(path, asked.tests)}
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(ROOT / "build/mutation")
    reach = run_without_a_mutant(sorted(tests), asked.module)
    if reach is None:
        print("These tests fail without any mutant.")
        return 1
    order = Order(reach)
    # Before there are threads: two of them in the parser at once end in a SystemError of CPython 3.11.
    for path in asked.module:
        _dependents(_module(path))
    gc.freeze()
    started = time.monotonic()
    with ThreadPoolExecutor(asked.jobs) as pool:
        outcomes = pool.map(lambda one: (one, survives(one, order, asked.tests)), found)
        alive = [mutant for mutant, lives in outcomes if lives and print(mutant, flush=True) is None]
    print(f"{len(found)} mutants, {len(alive)} survived, {time.monotonic() - started:.0f} s")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
