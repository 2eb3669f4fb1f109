"""The mutation tester changes what it says that it changes, once each, and leaves out what no test could notice."""

import ast
from pathlib import Path

from mutation import run
from mutation.order import Order, Reach, function_around

SOURCE = """
MAX_SIZE = 7


def smaller(one: int, other: int) -> bool:
    if not one and other:
        raise ValueError("A-CODE")
    check(one, other)
    return one < other
"""


def told(folder: Path) -> list[str]:
    module = folder / "module.py"
    module.write_text(SOURCE, "utf-8")
    return [f"{mutant.line}: {mutant.what}" for mutant in run.mutants(module)]


def test_each_thing_is_changed_once_and_a_bound_is_not(tmp_path: Path) -> None:
    assert sorted(told(tmp_path)) == [
        "6: and, or",
        "6: if not",
        "6: without not",
        "6: without operand 0",
        "6: without operand 1",
        "7: another code",
        "7: left out",
        "8: arguments 0 and 1",
        "8: left out",
        "9: comparison",
        "9: returns None",
        "9: turned",
    ]


def test_every_mutant_is_a_program_and_none_is_the_original(tmp_path: Path) -> None:
    told(tmp_path)
    programs = [ast.unparse(mutant.tree) for mutant in run.mutants(tmp_path / "module.py")]
    for program in programs:
        compile(program, "mutant", "exec")
    assert len({*programs, ast.unparse(ast.parse(SOURCE))}) == len(programs) + 1


def test_a_sample_is_always_the_same(tmp_path: Path) -> None:
    told(tmp_path)
    found = [*run.mutants(tmp_path / "module.py")]
    assert len(run.sampled(found, 3)) == 3
    assert run.sampled(found, 3) == run.sampled(found, 3)
    assert run.sampled(found, None) == run.sampled(found, 99) == found


def test_the_mutants_of_one_line_are_all_of_them(tmp_path: Path) -> None:
    told(tmp_path)
    found = [*run.mutants(tmp_path / "module.py")]
    assert [one.line for one in run.asked_for(found, [7], None)] == [7, 7]


def test_the_function_around_a_line_is_the_innermost_and_a_module_has_none() -> None:
    tree = ast.parse("A = 1\n\ndef outer():\n    def inner():\n        return 1\n    return inner\n")
    assert [[*function_around(tree, line)] for line in (1, 5, 6)] == [[], [5], [4, 5, 6]]


MODULE = Path("/module.py")
REACH = Reach(
    {str(MODULE)},
    lines={
        "tests/test_module.py::runs_the_line": {(str(MODULE), 5)},
        "tests/test_other.py::runs_the_line": {(str(MODULE), 5)},
        "tests/test_module.py::enters": {(str(MODULE), 4)},
        "tests/test_module.py::does_not_enter": {(str(MODULE), 9)},
    },
    seconds=dict.fromkeys(
        (
            "tests/test_other.py::runs_the_line",
            "tests/test_module.py::does_not_enter",
            "tests/test_module.py::enters",
            "tests/test_module.py::runs_the_line",
        ),
        0.1,
    ),
)
FILES = {"tests/test_module.py", "tests/test_other.py"}


def asked(around: range) -> list[str]:
    return [test for ranks in Order(REACH).stages(MODULE, 5, around, FILES) for test in ranks]


def test_every_test_that_enters_the_function_is_asked_and_those_that_run_the_line_first() -> None:
    assert asked(range(4, 7)) == [
        "tests/test_module.py::runs_the_line",
        "tests/test_other.py::runs_the_line",
        "tests/test_module.py::enters",
    ]


def test_a_function_that_runs_when_its_module_is_read_is_every_test_s() -> None:
    read = Reach(REACH.modules, {"": {(str(MODULE), 5)}, **REACH.lines}, REACH.seconds)
    assert read.entering(MODULE, range(4, 7)) == {*REACH.seconds}


def test_a_function_that_runs_when_a_file_of_tests_is_read_is_all_its_tests() -> None:
    read = Reach(REACH.modules, {"tests/test_module.py": {(str(MODULE), 8)}}, REACH.seconds)
    assert read.entering(MODULE, range(8, 9)) == {
        test for test in REACH.seconds if test.startswith("tests/test_module.py")
    }


def test_of_what_runs_when_a_module_is_read_every_test_is_asked() -> None:
    assert {*asked(range(0))} == {*REACH.seconds}


def test_who_noticed_many_is_asked_first() -> None:
    order = Order(REACH)
    order.noticed["tests/test_other.py::runs_the_line"] = 20
    soonest, _ = order.stages(MODULE, 5, range(4, 7), FILES)
    assert next(iter(soonest)) == "tests/test_other.py::runs_the_line"


def test_a_room_without_tests_of_its_own_has_those_of_the_room_around_it(project: Path) -> None:
    folders = [run.unit_tests(project / "custody/policy" / name) for name in ("lint/chain.py", "words/en.py")]
    assert folders == [project / "tests/unit/policy/lint", project / "tests/unit/policy"]
