"""`custody compliance policy explain`: a policy in words."""

import hashlib
from pathlib import Path

import click

from custody.cli.compliance.checking import file_path, read_rules, read_tokens, tokens_option
from custody.codec.canonical_json import Json
from custody.coordinator import rules_in_words
from custody.policy.document import Policy
from custody.policy.words import LANGUAGES
from custody.policy.words.policy import sections
from custody.screen import folded, printable

language_option = click.option(
    "--language", type=click.Choice([*LANGUAGES]), default="en", show_default=True, help="In which language."
)


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
        click.echo(f"{printable(section.title)}\n")
        for sentence in section.sentences:
            for line in folded(f"  {printable(sentence)}", 4):
                click.echo(line)
        click.echo()
    click.echo(f"SHA-256 {digest}")
    return {"digest": digest, "language": language, "sections": [section.as_json() for section in told]}
