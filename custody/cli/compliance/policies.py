"""`custody compliance policy check` and `explain`: what a policy says, and what may be wrong with it."""

import hashlib
from pathlib import Path

import click

from custody.cli.compliance.checking import check_rules, file_path, read_rules, read_tokens, tell, tokens_option
from custody.codec.canonical_json import Json
from custody.coordinator import rules_in_words
from custody.edge.clock import unix_time
from custody.errors import TransactionError
from custody.officers.roster import Role, Roster
from custody.policy.document import Policy
from custody.policy.lint.policy import Reach, lint
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import sections
from custody.screen import folded, printable

roster_option = click.option(
    "--roster", "roster_file", type=file_path, metavar="F", help="The roster that has to give what is asked for."
)
language_option = click.option(
    "--language", type=click.Choice([*LANGUAGES]), default="en", show_default=True, help="In which language."
)


@click.command("check")
@click.argument("file", type=file_path, metavar="F")
@tokens_option
@roster_option
def check_policy(file: Path, tokens_file: Path | None, roster_file: Path | None) -> dict[str, Json]:
    """Reads a policy, bare or as a bundle, says what it holds, or each of its faults, and what may be wrong with it.

    Exit 0: no errors, perhaps warnings. 3: a clause does nothing, or nobody can be paid. 4: it cannot be read.
    """
    rules, now = read_rules(file, "policy"), unix_time()
    fields = check_rules(rules, read_tokens(tokens_file))
    reach = _reach(read_rules(roster_file, "roster").body, now) if roster_file else None
    found = lint(Policy.parse(rules.body), now, reach)
    tell(f"{one.severity.upper()} {one.code} at {one.where}: {one.why}" for one in found)
    fields["findings"] = [one.as_json() for one in found]
    errors = sum(one.severity == "error" for one in found)
    if errors:
        hint = "Each finding names its place; docs/spec/policy-lint.md says what is looked for."
        raise TransactionError("LINT-ERRORS", f"The policy has {errors} error(s).", hint, fields)
    return fields


def _reach(body: bytes, now: int) -> Reach:
    roster = Roster.parse(body)

    def reach(role: str) -> tuple[int, int]:
        people = [one for one in roster.of_role(Role(role)) if one.valid(now)]
        return len(people), len({one.organisation for one in people})

    return reach


@click.command("explain")
@click.argument("file", type=file_path, metavar="F")
@language_option
@tokens_option
def explain(file: Path, language: str, tokens_file: Path | None) -> dict[str, Json]:
    """The whole policy in plain sentences: what can leave, to whom, who must approve, when, and what is refused.

    Without --json the text goes to stdout, for a file or a printer.
    """
    rules = read_rules(file, "policy")
    rules_in_words.read("policy", rules.body)
    told = [*sections(Policy.parse(rules.body), read_tokens(tokens_file), LANGUAGES[language])]
    digest = hashlib.sha256(rules.exact).hexdigest()
    for section in told:
        for line in (section.title, "", *(f"  {sentence}" for sentence in section.sentences), ""):
            for piece in folded(printable(line), 4):
                click.echo(piece)
    click.echo(f"SHA-256 {digest}")
    return {"digest": digest, "language": language, "sections": [section.as_json() for section in told]}
