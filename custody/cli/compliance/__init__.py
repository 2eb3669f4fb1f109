"""`custody compliance`: the desk that says what may be signed, on its own computers."""

import click

from custody.cli.compliance.checking import check_command, diff_command, words
from custody.cli.compliance.lists import build_command, check_list, lookup
from custody.cli.compliance.people import person
from custody.cli.compliance.policies import check_policy, explain
from custody.cli.compliance.policy_test import test
from custody.cli.compliance.signing import sign_command
from custody.cli.compliance.vasps import key
from custody.wire.bundle import KINDS, Kind

_HELP = {
    "policy": "How much of what may leave, and who must approve.",
    "list": "Addresses that are never paid.",
    "tokens": "Tokens that exist for this house.",
    "roster": "Who may do what.",
    "vasps": "Counterparties, and the keys that they sign with.",
}


_MORE: dict[Kind, tuple[click.Command, ...]] = {
    "policy": (check_policy, explain, test, diff_command("policy")),
    "list": (check_list, build_command, lookup),
    "roster": (words, person),
    "vasps": (key,),
}


def _of(kind: Kind) -> click.Group:
    commands = [check_command(kind), sign_command(kind), *_MORE.get(kind, ())]
    return click.Group(kind, commands=commands, help=_HELP[kind])


@click.group(commands=[*(_of(kind) for kind in KINDS), diff_command()])
def compliance() -> None:
    """Policy, lists and rosters: check, compare, sign."""
