"""`custody signer init`: the keys and the officers of a new device."""

import sys
from itertools import chain
from pathlib import Path

import click

from custody.cli import for_people, home_folder
from custody.cli.signer.opening import at_time, moment, passphrase_descriptor, secrets_file
from custody.codec.canonical_json import Json
from custody.coordinator import rules_in_words
from custody.council_screen import bundle_lines, proposal_lines
from custody.edge import founding, making
from custody.edge.clock import unix_time
from custody.edge.entropy import kernel_random
from custody.edge.founding import Founders
from custody.edge.gpg import JailedGpg
from custody.edge.inputs import read_input
from custody.edge.making import rehearsal_only
from custody.edge.rules_files import MAX_FILE
from custody.edge.terminal import ask, ask_secret, read_lines, say, show_pages
from custody.errors import Cancelled, UsageError
from custody.evm.tokens import TokenRegistry
from custody.governance.install import Proposal
from custody.officers.roster import Roster
from custody.screen import folded, printable
from custody.vault import entropy, mnemonic
from custody.vault.sealed import passphrase_checked
from custody.wire.bundle import UR_TYPE, Bundle

_INDENT = 4


@click.command("init")
@click.option("--rehearsal", is_flag=True, help="Keys for practice; test networks only. Cannot be changed later.")
@click.option("--restore", is_flag=True, help="From the words of an existing seed.")
@click.option("--words", type=click.Choice(["12", "24"]), default="24", show_default=True, help="Words of a new seed.")
@click.option(
    "--roster", metavar="SOURCE", help="Who may do what: a bundle, as a file or as frames. Needed but in a rehearsal."
)
@click.option(
    "--policy", metavar="SOURCE", help="Policy to pin: a signed bundle, in a rehearsal TOML too. Without: all denied."
)
@click.option("--list", "flagged", metavar="SOURCE", help="Flagged addresses to pin, likewise; one a line.")
@click.option("--tokens", metavar="SOURCE", help="Token registry to pin, likewise; for EVM accounts.")
@click.option("--vasps", metavar="SOURCE", help="Keys of counterparties to pin, likewise.")
@secrets_file
@passphrase_descriptor
@at_time
def init(
    rehearsal: bool,
    words: str,
    at: str | None,
    restore: bool,
    secrets: Path | None,
    passphrase_fd: int | None,
    **given: str | None,
) -> dict[str, Json]:
    """Makes a new signer: its keys, its officers and its rules.

    A seed, a log key, a secret for each officer; and what decides, pinned from the first day: files, or bundles as
    frames (camera:, images:F_OR_DIR, text:F, a picture).
    """
    if not rehearsal and (secrets or at):
        raise rehearsal_only()
    folder = home_folder("signer")
    making.check_free(folder)
    files, roster = _files(given, rehearsal=rehearsal, at=moment(at))
    founders = _founders(roster, restore=restore, secrets=secrets, passphrase_fd=passphrase_fd, rehearsal=rehearsal)
    seed_entropy = _seed_entropy(founders, mnemonic.WORDS[int(words)], rehearsal=rehearsal)
    new = founding.found(founders, seed_entropy, rehearsal=rehearsal, files=files, random=kernel_random)
    making.make(folder, new, moment(at))
    log_key = str(new.secrets.log_key(new.header.origin).verifier)
    say(f"Home made at {folder}.")
    say(f"Write down the log key; auditors check the log with it:\n  {log_key}")
    if "policy" not in files:
        say("No policy is pinned: every request will be denied (POLICY-NONE).")
    return {
        "master_fingerprint": new.master_fingerprint,
        "log_origin": new.header.origin,
        "log_key": log_key,
        "officers": list(founders.officers),
        "threshold": founders.threshold,
        "rehearsal": rehearsal,
    }


def _files(given: dict[str, str | None], *, rehearsal: bool, at: int | None) -> tuple[dict[str, bytes], Roster | None]:
    """What is pinned, by kind, shown and agreed to; and the roster."""
    named = {("list" if name == "flagged" else name): source for name, source in given.items() if source}
    read = {kind: _exact(kind, source) for kind, source in named.items()}
    with JailedGpg() as verifier:
        now = unix_time() if at is None else at
        files, proposals = founding.pinned(read, rehearsal=rehearsal, now=now, verifier=verifier)
    roster = founding.check_files(files)
    if not rehearsal and roster:
        _type_words(files["roster"], roster)
        for proposal in proposals:
            _agree(proposal)
    return files, roster


def _exact(kind: str, source: str) -> bytes:
    """A file as it lies, or a bundle by its frames."""
    from custody.edge.frames import read_source, shows_frames

    if not shows_frames(source):
        return read_input(Path(source), MAX_FILE)
    if source.startswith("camera:"):
        ask(f"The frames of the {kind} are before the camera? Type yes")
    return read_source(source, expected_types={UR_TYPE}).payload


def _type_words(exact: bytes, roster: Roster) -> None:
    """The first roster is believed because its people brought its words on paper, and officers type them. Paper says
    what a computer said that may be owned: who is on the roster is read here."""
    told = (folded(printable(line), _INDENT) for line in rules_in_words.words(roster, TokenRegistry()))
    show_pages([*bundle_lines(Bundle.parse(exact)), "", *chain.from_iterable(told)], paged=for_people())
    words = mnemonic.of_digest(exact)
    typed = ask("Type the 24 words of the roster, from the papers that its people brought").split()
    if [word[:4].lower() for word in typed] != [word[:4] for word in words.split()]:
        raise Cancelled("ROSTER-WORDS", "These are not the words of this roster.", "Is it the roster that people saw?")


def _agree(proposal: Proposal) -> None:
    """Officers read what is pinned from the first day, without a delay: nothing is held yet."""
    show_pages(proposal_lines(proposal), paged=for_people())
    last = proposal.bundle.digest.hex()[-4:]
    if ask("It is in force from the first day. To pin it, type the last four characters of its SHA-256") != last:
        raise Cancelled("RULES-UNCONFIRMED", "These are not its last four characters.", "Nothing was made.")


def _founders(
    roster: Roster | None, *, restore: bool, secrets: Path | None, passphrase_fd: int | None, rehearsal: bool
) -> Founders:
    if secrets:
        founders = Founders.parse(read_input(secrets, founding.MAX_SECRETS))
        if restore and founders.words is None:
            raise UsageError("SECRETS-FORM", "The secrets file holds no words to restore from.")
        return founders
    names = list(roster.officers) if roster else [founding.check_officer(ask("Name of the officer"))]
    words = ask_secret("The 12 or 24 words, in one line") if restore else None
    if words:
        mnemonic.entropy_of(words)
    return Founders(
        _passphrases(names, passphrase_fd, rehearsal=rehearsal), roster.consent if roster else 1, words
    ).checked()


def _passphrases(names: list[str], passphrase_fd: int | None, *, rehearsal: bool) -> dict[str, str]:
    """Each officer's own; the others look away."""
    if passphrase_fd is not None:
        chosen = dict(zip(names, read_lines(passphrase_fd, len(names)), strict=True))
    else:
        chosen = {name: ask_secret(f"Passphrase of {name}", twice=True) for name in names}
    return {name: passphrase_checked(words, rehearsal=rehearsal) for name, words in chosen.items()}


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
