"""`custody signer init`: the keys of a new device."""

import sys
from pathlib import Path
from typing import Any

import click

from custody.cli import home_folder
from custody.cli.signer.opening import ask_passphrase, at_time, now, passphrase_descriptor, secrets_file
from custody.codec.canonical_json import Json
from custody.edge import founding, home
from custody.edge.entropy import kernel_random
from custody.edge.founding import Founders
from custody.edge.home import MAX_FILE, rehearsal_only
from custody.edge.inputs import read_input
from custody.edge.terminal import ask, ask_secret, say
from custody.errors import UsageError
from custody.vault import entropy, mnemonic
from custody.vault.sealed import passphrase_checked


@click.command("init")
@click.option("--rehearsal", is_flag=True, help="Keys for practice; test networks only. Cannot be changed later.")
@click.option("--restore", is_flag=True, help="From the words of an existing seed.")
@click.option("--words", type=click.Choice(["12", "24"]), default="24", show_default=True, help="Words of a new seed.")
@click.option("--officer", help="Name of the officer who holds the passphrase.")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy to pin (TOML). Without one, all is denied.")
@click.option("--list", "flagged", type=click.Path(path_type=Path), help="Flagged addresses to pin, one a line.")
@click.option("--tokens", type=click.Path(path_type=Path), help="Token registry to pin (TOML), for EVM accounts.")
@secrets_file
@passphrase_descriptor
@at_time
def init(
    rehearsal: bool,
    words: str,
    policy: Path | None,
    flagged: Path | None,
    tokens: Path | None,
    at: str | None,
    **options: Any,
) -> dict[str, Json]:
    """Makes a new signer: its keys and its rules.

    A seed, a log key, and policy, list and tokens, pinned from the first day.
    """
    if not rehearsal and (options["secrets"] or at):
        raise rehearsal_only()
    folder = home_folder("signer")
    home.check_free(folder)
    rules = [read_input(path, MAX_FILE) if path else None for path in (policy, flagged, tokens)]
    founding.check_rules(*rules)
    founders = _founders(**options)
    passphrase_checked(founders.passphrase, rehearsal=rehearsal)
    seed_entropy = _seed_entropy(founders, mnemonic.WORDS[int(words)], rehearsal=rehearsal)
    new = founding.found(
        founders,
        seed_entropy,
        rehearsal=rehearsal,
        policy=rules[0],
        flagged=rules[1],
        tokens=rules[2],
        random=kernel_random,
    )
    home.make(folder, new, now(at))
    log_key = str(new.secrets.log_key(new.header.origin).verifier)
    say(f"Home made at {folder}.")
    say(f"Write down the log key; auditors check the log with it:\n  {log_key}")
    if policy is None:
        say("No policy is pinned: every request will be denied (POLICY-NONE).")
    return {
        "master_fingerprint": new.master_fingerprint,
        "log_origin": new.header.origin,
        "log_key": log_key,
        "rehearsal": rehearsal,
    }


def _founders(*, restore: bool, officer: str | None, secrets: Path | None, passphrase_fd: int | None) -> Founders:
    if secrets:
        founders = Founders.parse(read_input(secrets, founding.MAX_SECRETS))
        if restore and founders.words is None:
            raise UsageError("SECRETS-FORM", "The secrets file holds no words to restore from.")
        return founders
    name = founding.check_officer(officer or ask("Name of the officer"))
    words_typed = ask_secret("The 12 or 24 words, in one line") if restore else None
    if words_typed:
        mnemonic.entropy_of(words_typed)
    passphrase = ask_passphrase(passphrase_fd, f"Passphrase of {name}", twice=True)
    return Founders(name, passphrase, words_typed)


def _seed_entropy(founders: Founders, size: int, *, rehearsal: bool) -> bytes:
    if founders.words is not None:
        return mnemonic.entropy_of(founders.words)
    if rehearsal:
        return kernel_random(size)
    typed = ask(f"Roll a die {entropy.MIN_ROLLS} times or more, or hit {entropy.MIN_CHARACTERS} keys at random")
    mixed = entropy.mix(kernel_random(64), typed, size)
    _show_words(mnemonic.from_entropy(mixed))
    return mixed


def _show_words(words: str) -> None:
    """The only time the words are shown; three of them are asked back."""
    if not sys.stderr.isatty():
        raise UsageError("INIT-TERMINAL", "New words are shown on a terminal only.", "Run init at the device itself.")
    numbered = list(enumerate(words.split(), 1))
    say("\nWrite these words on paper. They are not shown again, and whoever has them has the coins.\n")
    for row in range(0, len(numbered), 4):
        say("   ".join(f"{number:>2} {word:<9}" for number, word in numbered[row : row + 4]))
    say()
    for number, word in _three(numbered):
        while ask(f"Word {number}").strip().lower() != word:
            say("That is not the word on this screen.")
    click.clear()


def _three(numbered: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Three of them, picked by chance, in the order of the paper."""
    chances = kernel_random(len(numbered))
    return sorted(sorted(numbered, key=lambda one: chances[one[0] - 1])[:3])
