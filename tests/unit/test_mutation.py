"""The mutation tester changes what it says that it changes, once each, and leaves out what no test could notice."""

import ast
from pathlib import Path

from mutation import run

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
