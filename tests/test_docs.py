"""The pages and the source say the same: codes, limits, commands, links."""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import pytest

# Which page word answers to which call.
KINDS = {
    "UsageError": "usage",
    "TransactionError": "transaction",
    "InputError": "input",
    "HomeError": "home",
    "Cancelled": "cancelled",
    "EvidenceError": "evidence",
    "Reason": "policy",
    "CustodyError": "fault",
}
CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")


def table_rows(page: str) -> Iterator[list[str]]:
    """The cells of every table row, headings and rulers left out."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0] not in ("code", "constant", "---"):
            yield cells


def raised(source: str) -> Iterator[tuple[str, str]]:
    """(code, kind) of every error and reason whose code stands in the call."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else next((word.value for word in node.keywords if word.arg == "code"), None)
        if name not in KINDS or first is None:
            continue
        if isinstance(first, ast.JoinedStr | ast.BinOp):
            raise ValueError(f"line {node.lineno}: a code is put together at run time, so nobody can look it up")
        for leaf in ast.walk(first):
            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                yield leaf.value, KINDS[name]


def words(source: str) -> set[str]:
    """Every string of the source that has the form of a code."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and CODE.fullmatch(value)}


def disagreements(page: str, modules: Iterable[str]) -> set[str]:
    """Codes that only the page or only the source knows, that the page has twice, or under another kind."""
    rows = list(table_rows(page))
    listed = {code: kind for code, kind, _ in rows}
    families = {code.split("-")[0] for code in listed}
    used, said = set(), set()
    for source in modules:
        used |= set(raised(source))
        said |= words(source) | {code for code, _ in used}
    return (
        {f"twice on the page: {code}" for code, times in Counter(row[0] for row in rows).items() if times > 1}
        | {f"not on the page: {code}" for code in {code for code, _ in used} - listed.keys()}
        | {f"not on the page: {code}" for code in said - listed.keys() if code.split("-")[0] in families}
        | {f"not in the source: {code}" for code in listed.keys() - said}
        | {f"{code} is {listed[code]} on the page, {kind} in the source" for code, kind in used
           if code in listed and kind not in listed[code].split(", ") and kind != "policy"}
    )  # fmt: skip


def source_files(project: Path) -> list[Path]:
    return sorted((project / "custody").rglob("*.py"))


def test_codes_of_page_and_source_are_the_same(project: Path) -> None:
    """Tables that explain codes are not where codes are given; tests/unit/policy holds them to the page."""
    page = (project / "docs/spec/codes.md").read_text("utf-8")
    files = [file for file in source_files(project) if file.parent.name != "words" and file.stem != "remedies"]
    found = disagreements(page, [file.read_text("utf-8") for file in files])
    assert not found, "\n".join(sorted(found))


ROW = "| A-B | input | An example. |\n"


@pytest.mark.parametrize(
    ("page", "source", "found"),
    [
        (ROW, 'raise InputError("A-B", "An example.")', None),
        (ROW, 'Reason("A-B", "rule", "", "")', None),
        (ROW, '_refuse("A-B")', None),
        ("| LONE | input | An example. |\n", 'raise InputError("LONE", "An example.")', None),
        ("", 'raise InputError("A-B", "An example.")', "not on the page: A-B"),
        ("", 'raise InputError("LONE" if x else "A-B", "An example.")', "not on the page: LONE"),
        (ROW, 'Reason(code="A-C", rule="")\n_refuse("A-B")', "not on the page: A-C"),
        (ROW, '_refuse("A-C")\n_refuse("A-B")', "not on the page: A-C"),
        (ROW, "", "not in the source: A-B"),
        (ROW + ROW, '_refuse("A-B")', "twice on the page: A-B"),
        (ROW, 'raise HomeError("A-B", "An example.")', "A-B is input on the page, home in the source"),
    ],
)
def test_each_disagreement_is_found(page: str, source: str, found: str | None) -> None:
    assert (found in disagreements(page, [source])) if found else (disagreements(page, [source]) == set())


def test_a_code_put_together_at_run_time_is_found() -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(raised('InputError(f"{family}-SIZE", "Too large.")'))


def limits(project: Path) -> dict[str, str]:
    rows = list(table_rows((project / "docs/spec/limits.md").read_text("utf-8")))
    by_name = {name: value for name, value, _ in rows}
    assert len(by_name) == len(rows), "a limit stands twice on the page"
    return by_name


def test_each_limit_on_the_page_is_the_one_in_force(project: Path) -> None:
    found = limits(project)
    assert found
    for name, value in found.items():
        module, constant = name.rsplit(".", 1)
        in_force = getattr(importlib.import_module(module), constant)
        assert type(in_force) is int
        assert str(in_force) == value, name


def test_each_limit_in_the_source_is_on_the_page(project: Path) -> None:
    found = set()
    for file in source_files(project):
        module = ".".join(file.relative_to(project).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(file.read_text("utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            found |= {f"{module}.{target.id}" for target in targets if isinstance(target, ast.Name)}
    missing = {name for name in found if re.search(r"\._?MAX_", name)} - limits(project).keys()
    assert not missing, "\n".join(sorted(missing))


def pages(project: Path) -> list[Path]:
    return sorted([*project.glob("*.md"), *(project / "docs").rglob("*.md")])


def links(page: Path) -> list[Path]:
    """The files that a page points to."""
    found = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    return [(page.parent / target).resolve() for target in found]


def test_every_link_between_pages_leads_somewhere(project: Path) -> None:
    dead = [f"{page.name}: {target}" for page in pages(project) for target in links(page) if not target.exists()]
    assert dead == []


@pytest.mark.parametrize("folder", ["docs/spec", "docs/adr"])
def test_every_page_of_a_folder_is_in_its_index(project: Path, folder: str) -> None:
    index = project / folder / "README.md"
    assert set((project / folder).glob("*.md")) - {index} <= set(links(index))


def command_paths(group: click.Group, prefix: str) -> Iterator[str]:
    """``custody signer``, ``custody signer init``, ... as --help shows them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield f"{prefix} {name}"
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from command_paths(command, f"{prefix} {name}")


@pytest.mark.parametrize(("page", "words"), [("README.md", 2), ("docs/spec/command-line.md", 9)])
def test_every_command_of_the_help_is_on_the_page(project: Path, page: str, words: int) -> None:
    text = (project / page).read_text("utf-8")
    root = importlib.import_module("custody.cli").root
    paths = [path for path in command_paths(root, "custody") if len(path.split()) <= words]
    assert "custody signer" in paths
    assert [path for path in paths if path not in text and path.replace("custody ", "script/") not in text] == []


#: What the signer's commands never load, or never say a code of.
ONLINE = (
    *("coordinator/", "demo/", "policy/lint/", "policy/words/", "policy/remedies.py"),
    *(
        "cli/compliance/",
        "cli/coordinator/",
        "cli/demo.py",
        "cli/travel_rule.py",
        "cli/audit.py",
        "cli/qr.py",
    ),
)
NAMED = re.compile(r"`([A-Z][A-Z0-9-]*…?)`")


def codes_of_the_signer(project: Path) -> set[str]:
    """The codes that an officer may meet."""
    listed = {code for code, _, _ in table_rows((project / "docs/spec/codes.md").read_text("utf-8"))}
    offline = (file for file in source_files(project) if not inside_custody(project, file).startswith(ONLINE))
    sources = [file.read_text("utf-8") for file in offline]
    return listed & {code for source in sources for code in (*words(source), *(one for one, _ in raised(source)))}


def inside_custody(project: Path, file: Path) -> str:
    return file.relative_to(project / "custody").as_posix()


def unexplained(page: str, met: set[str], listed: set[str]) -> set[str]:
    """Codes without a row of the page; rows for no code, and rows that stand twice."""
    named = Counter(name for code, _, _ in table_rows(page) for name in NAMED.findall(code))
    families = tuple(name.removesuffix("…") for name in named if name.endswith("…"))
    exact = {name for name in named if not name.endswith("…")}
    return (
        {f"no row for {code}" for code in met - exact if not code.startswith(families)}
        | {f"a row for nothing: {name}" for name in exact - listed}
        | {f"a row for nothing: {family}…" for family in families if not any(one.startswith(family) for one in listed)}
        | {f"twice: {name}" for name, times in named.items() if times > 1}
    )


def test_the_runbook_says_what_to_do_about_every_code_of_the_signer(project: Path) -> None:
    """A new code is not forgotten: docs/ops-runbook/refusals.md has a row for it, or for all that begin so."""
    listed = {code for code, _, _ in table_rows((project / "docs/spec/codes.md").read_text("utf-8"))}
    met = codes_of_the_signer(project)
    assert {"SEAL-CLOSED", "DESTINATION-FLAGGED", "SELF-TEST-FAILED"} <= met
    assert not met & {"LINT-FEE", "POLICY-TEST-SIZE", "DEMO-FOLDER"}
    page = (project / "docs/ops-runbook/refusals.md").read_text("utf-8")
    assert unexplained(page, met, listed) == set()


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("| `A-B`, `A-C` | - | - |", set()),
        ("| `A-…` | - | - |", set()),
        ("| `A-B` | - | - |", {"no row for A-C"}),
        ("| A-B, A-C | - | - |", {"no row for A-B", "no row for A-C"}),
        ("| `A-…`, `A-D` | - | - |", {"a row for nothing: A-D"}),
        ("| `A-…`, `B-…` | - | - |", {"a row for nothing: B-…"}),
        ("| `A-…` | - | - |\n| `A-B`, `A-B` | - | - |", {"twice: A-B"}),
    ],
)
def test_a_code_that_the_runbook_forgot_is_found(page: str, found: set[str]) -> None:
    assert unexplained(page, {"A-B", "A-C"}, {"A-B", "A-C"}) == found


#: Pages whose tables say which test proves what they claim.
CLAIMING = ("docs/threat-model.md", "docs/npa-fsa.md")
#: Words of a cell that say openly that no test here proves it.
OPENLY_NOT = ("**not answered**", "**partly**", "**procedure**", "**a house must", "boot:", "self-test:", "recipe:")


def cells_of_tests(page: str) -> Iterator[str]:
    """The cells of the columns that are headed `test`, row by row."""
    column: int | None = None
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            column = cells.index("test") if "test" in cells else -1
        elif column >= 0 and set(line) - set("|- "):
            yield cells[column]


def names_a_test(token: str, files: Iterable[str], functions: Iterable[str]) -> bool:
    """Whether a path, the name of a file, or the name of a test, whole or with … for a part, is one that exists."""
    if "/" in token or token.endswith(".py"):
        return any(one == token or one.startswith(f"{token}/") or one.endswith(f"/{token}") for one in files)
    pattern = re.compile(rf"(test_)?{'.*'.join(map(re.escape, token.split('…')))}")
    return any(pattern.fullmatch(one) for one in functions)


def unproved(cell: str, files: Sequence[str], functions: Sequence[str]) -> set[str]:
    """What a cell names that is no test, or that it names nothing at all."""
    tokens = re.findall(r"`([^`A-Z ]*[_…/][^`A-Z ]*|[^` ]+\.py)`", cell)
    wrong = {token for token in tokens if not names_a_test(token, files, functions)}
    says_something = tokens or cell == "-" or any(words in cell for words in OPENLY_NOT) or cell.startswith("the same")
    return wrong | (set() if says_something else {f"nothing proves: {cell}"})


@pytest.mark.parametrize("page", CLAIMING)
def test_every_test_that_a_claim_names_exists(project: Path, page: str) -> None:
    tests = [*(project / "tests").rglob("*.py"), *(project / "script").iterdir()]
    files = [path.relative_to(project).as_posix() for path in tests if "node_modules" not in path.parts]
    sources = (path.read_text("utf-8") for path in (project / "tests").rglob("test_*.py"))
    functions = [name for source in sources for name in re.findall(r"^ *def (test_\w+)", source, re.MULTILINE)]
    cells = list(cells_of_tests((project / page).read_text("utf-8")))
    assert len(cells) > 20
    assert {wrong for cell in cells for wrong in unproved(cell, files, functions)} == set()


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("`a_lie_is_found`", set()),
        ("owned: `a_lie_…`, `tests/a/test_b.py`, `test_b.py`, `tests/a`", set()),
        ("`…_found`", set()),
        ("-", set()),
        ("boot: by hand", set()),
        ("`a_lie`", {"a_lie"}),
        ("`tests/a/test_c.py`", {"tests/a/test_c.py"}),
        ("`test_lie.py`", {"test_lie.py"}),
        ("everything is proved", {"nothing proves: everything is proved"}),
        ("", {"nothing proves: "}),
    ],
)
def test_a_claim_without_its_test_is_found(cell: str, found: set[str]) -> None:
    assert unproved(cell, ["tests/a/test_b.py"], ["test_a_lie_is_found"]) == found


def anchors(page: str) -> set[str]:
    """The places of a page that a link can name, as GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", one).lower() for one in headings)
    return {re.sub(r"[^\w\- ]", "", one).replace(" ", "-") for one in plain}


def test_every_link_to_a_place_of_a_page_leads_to_a_heading(project: Path) -> None:
    dead = []
    for page in pages(project):
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", page.read_text("utf-8")):
            named = page.parent / target if target else page
            if anchor not in anchors(named.read_text("utf-8")):
                dead.append(f"{page.name}: {target}#{anchor}")
    assert dead == []


def test_headings_give_the_places_that_links_name() -> None:
    assert anchors("# A, b: c's (d)\n## An officer's [key](x.md)\ntext\n") == {"a-b-cs-d", "an-officers-key"}
