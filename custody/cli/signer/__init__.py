"""`custody signer`: the offline machine."""

import click

from custody.cli.signer.account import account
from custody.cli.signer.init import init
from custody.cli.signer.requests import answer, review, sign, status


@click.group(commands=[init, account, review, sign, answer, status])
def signer() -> None:
    """The offline machine: keys, review, signing, log."""
