"""`custody compliance policy test`: example requests with the answers that are expected."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from custody.cli.compliance.checking import file_path, read_rules, read_tokens, tell, tokens_option
from custody.cli.compliance.policies import language_option
from custody.codec.canonical_json import Json
from custody.codec.schema import SchemaError
from custody.coordinator import rules_in_words
from custody.coordinator.policy_cases import MAX_CASE_BYTES, PolicyCase
from custody.coordinator.policy_tests import PolicyTests, Rules, Tested, as_json
from custody.edge.inputs import read_input
from custody.errors import CustodyError, InputError, TransactionError
from custody.policy.explain import render
from custody.travel_rule.record import MAX_BLOCK_BYTES
from custody.travel_rule.vasp_keys import VaspKeys

MAX_CASES = 1_000


@click.command("test")
@click.argument("folder", type=file_path, metavar="DIR")
@click.option("--policy", "policy_file", type=file_path, required=True, metavar="F", help="What is tried.")
@click.option("--list", "list_file", type=file_path, metavar="F", help="The flagged list; nobody without it.")
@tokens_option
@click.option("--vasps", "vasps_file", type=file_path, metavar="F", help="Keys of counterparties.")
@language_option
def test(
    folder: Path,
    policy_file: Path,
    list_file: Path | None,
    tokens_file: Path | None,
    vasps_file: Path | None,
    language: str,
) -> dict[str, Json]:
    """Judges the example requests of DIR by a policy, with the device's own rules, and compares the answers.

    Exit 0: all as expected. 3: some are not. 4: a file cannot be read, or there is no case.
    """
    policy = read_rules(policy_file, "policy").body
    rules_in_words.read("policy", policy)
    rules = Rules(
        policy,
        _verified(read_rules(list_file, "list").body) if list_file else None,
        read_tokens(tokens_file),
        VaspKeys.parse(read_rules(vasps_file, "vasps").body) if vasps_file else None,
    )
    return _all(PolicyTests(rules, lambda name: read_input(folder / name, MAX_BLOCK_BYTES)), _files(folder), language)


def _verified(body: bytes) -> bytes:
    """The flagged list, as a device would take it in. Raises InputError."""
    rules_in_words.read("list", body)
    return body


def _all(tests: PolicyTests, files: list[Path], language: str) -> dict[str, Json]:
    """Judges the cases one after another, and tells each. Raises TransactionError POLICY-TESTS-FAILED."""
    rows: list[Json] = []
    failed = 0
    for number, file in enumerate(files, 1):
        tested = _tested(tests, file)
        failed += not tested.passed
        rows.append(as_json(file.name, tested))
        tell(_told(f"[{number:>{len(str(len(files)))}}/{len(files)}]", file, tested, language))
    tell([f"{len(files)} case(s): {len(files) - failed} as expected, {failed} not."])
    fields: dict[str, Json] = {"cases": rows, "passed": len(files) - failed, "failed": failed}
    if failed:
        hint = "Each FAIL says what was expected and what came out: mend the policy, or the case."
        raise TransactionError("POLICY-TESTS-FAILED", f"{failed} case(s) came out otherwise.", hint, fields)
    return fields


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError("FILE-MISSING", f"There is no folder {folder.name}.")
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise InputError("POLICY-TESTS-NONE", f"The folder {folder.name} holds no case.", "Cases end in .toml.")
    if len(files) > MAX_CASES:
        raise InputError(
            "POLICY-TESTS-MANY", f"The folder holds more than {MAX_CASES:,} cases.", "Use several folders."
        )
    return files


def _tested(tests: PolicyTests, file: Path) -> Tested:
    """The case of a file. A fault names the file beside the place in it."""
    try:
        return tests.test(PolicyCase.parse(read_input(file, MAX_CASE_BYTES)))
    except CustodyError as error:
        found = error.findings if isinstance(error, SchemaError) else ()
        faults = [asdict(one) for one in found]
        raise InputError(error.code, f"{file.name}: {error.message}", error.hint, {"faults": faults}) from error


def _told(count: str, file: Path, tested: Tested, language: str) -> Iterator[str]:
    verdict = "pass" if tested.passed else "FAIL"
    yield f"{count} {verdict}  {tested.decision.outcome!s:<14}  {file.name}"
    if tested.passed:
        return
    yield f"    {tested.case.title}"
    for one in tested.differences:
        yield f"    {one.what}: expected {one.expected}; got {one.observed}"
    yield from (f"    {line}" for line in render(tested.decision, language).split("\n"))
