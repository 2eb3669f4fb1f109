"""`custody signer`: the offline machine."""

import click

from custody.cli.signer.account import account
from custody.cli.signer.council import freeze, install, thaw, veto
from custody.cli.signer.init import init
from custody.cli.signer.media import export, take_in
from custody.cli.signer.requests import answer, review, sign
from custody.cli.signer.selftest import self_test
from custody.cli.signer.status import status
from custody.edge.jail import close_to_others


@click.group(
    commands=[init, account, review, sign, answer, install, veto, freeze, thaw, status, self_test, take_in, export]
)
def signer() -> None:
    """The offline machine: keys, review, signing, log."""
    # Passphrases, words and the log key pass through here; the seed lives in a process of its own.
    close_to_others()
