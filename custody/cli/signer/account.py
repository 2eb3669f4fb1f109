"""`custody signer account`: registered accounts."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from custody import screen
from custody.ceremony import Consent, unlocked
from custody.chains import chain
from custody.cli.signer.opening import (
    at_time,
    consenting,
    destination,
    open_home,
    passphrase_descriptor,
    replace,
    secrets_file,
    terminal,
    unlock,
)
from custody.codec.canonical_json import Json
from custody.edge.home import SignerHome
from custody.edge.outputs import check_output, write_output
from custody.edge.terminal import ask, say
from custody.errors import Cancelled, UsageError
from custody.evm.account import EvmAccount
from custody.families import TYPES, Account, account_type, first_addresses, parse_account
from custody.officers.consent import Typed
from custody.wire import export

FIRST_ADDRESSES = 5


@click.group("account")
def account() -> None:
    """Registered accounts."""


@account.command("add")
@click.argument("name")
@click.option("--type", "script_type", type=click.Choice(TYPES), required=True, help="Bitcoin: p2wpkh. Others: evm.")
@click.option(
    "--chain",
    "chain_name",
    required=True,
    metavar="CHAIN",
    help="Network: its alias, as bitcoin or ethereum, or its CAIP-2 name.",
)
@click.option(
    "--index", type=click.IntRange(0, 2**31 - 1), metavar="N", default=0, show_default=True, help="Account number."
)
@consenting
@secrets_file
@passphrase_descriptor
@at_time
def add(
    name: str,
    script_type: str,
    chain_name: str,
    index: int,
    chosen: tuple[str, ...],
    at: str | None,
    **unlocking: Any,
) -> dict[str, Json]:
    """Registers an account by the descriptor derived from the seed."""
    network = chain(chain_name)
    if account_type(network) != script_type:
        raise UsageError("ACCOUNT-TYPE", f"An account on {network.alias} is of type {account_type(network)}.")
    with open_home(at, unlocking["secrets"]) as opened:
        names = terminal(opened, unlocking["secrets"], chosen).names(opened.quorum)
        consent = Consent(tuple(Typed(one, "") for one in names))
        with unlocked(opened, consent, partial(unlock, opened, consent, **unlocking)) as key:
            descriptor = key.descriptor(network.chain_id, index)
        registered = parse_account(name, network, descriptor)
        fields = _shown(registered)
        if script_type == "evm" and not unlocking["secrets"]:
            _confirm_addresses(registered)
        opened.add_account(registered)
    return fields


def _confirm_addresses(registered: Account) -> None:
    """The officer reads the first address; nothing is registered that nobody has looked at."""
    first = first_addresses(registered, 1)[0]
    if ask("To register it, type the last four characters of address 0").strip().lower() != first[-4:].lower():
        raise Cancelled("ADDRESS-UNCONFIRMED", "These are not the last four characters of address 0.", "Try again.")


@account.command("list")
@at_time
def list_accounts(at: str | None) -> dict[str, Json]:
    """The registered accounts."""
    with open_home(at, judging=False) as opened:
        for one in opened.installed.accounts:
            say(f"{one.name:<20} {one.chain.alias:<8} {one.descriptor}")
        return {"accounts": [brief(one) for one in opened.installed.accounts]}


@account.command("show")
@click.argument("name")
@at_time
def show_account(name: str, at: str | None) -> dict[str, Json]:
    """One account and its first addresses."""
    with open_home(at, judging=False) as opened:
        return _shown(_registered(opened, name))


@account.command("export")
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["custody", "descriptor", "crypto-hdkey"]),
    default="custody",
    show_default=True,
    help="For whom.",
)
@destination
@replace
@at_time
def export_account(name: str | None, form: str, out: str, force: bool, at: str | None) -> dict[str, Json]:
    """Shows accounts to other programs.

    custody: what the coordinator needs, all accounts or one. descriptor: one account as text. crypto-hdkey: one EVM
    account, as MetaMask and others pair with it.
    """
    from custody.edge.frames import write_dest
    from custody.qr.ur import Message

    with open_home(at, judging=False) as opened:
        chosen = (_registered(opened, name),) if name else opened.installed.accounts
        if form == "descriptor":
            return _export_descriptor(_only(chosen), out, force=force)
        if form == "crypto-hdkey":
            return _export_hdkey(_only(chosen), out, force=force)
        frames = write_dest(Message(export.UR_TYPE, opened.export(chosen).serialize()), out, force=force)
        return {"accounts": [brief(one) for one in chosen], "frames": frames}


def _only(chosen: tuple[Account, ...]) -> Account:
    if len(chosen) != 1:
        raise UsageError("EXPORT-ACCOUNT", "Name the account to export.")
    return chosen[0]


def _export_descriptor(chosen: Account, out: str, *, force: bool) -> dict[str, Json]:
    if out == "screen":
        say(chosen.descriptor)
    else:
        path = Path(out.removeprefix("file:"))
        check_output(path, force=force)
        write_output(path, chosen.descriptor.encode() + b"\n")
    return brief(chosen)


def _export_hdkey(chosen: Account, out: str, *, force: bool) -> dict[str, Json]:
    from custody.edge.frames import write_dest
    from custody.evm.hdkey import TYPE, crypto_hdkey
    from custody.qr.ur import Message

    if not isinstance(chosen, EvmAccount):
        raise UsageError("EXPORT-FORMAT", "Only EVM accounts are exported as crypto-hdkey.")
    frames = write_dest(Message(TYPE, crypto_hdkey(chosen)), out, force=force)
    return {**brief(chosen), "frames": frames}


def _registered(opened: SignerHome, name: str) -> Account:
    found = opened.installed.account(name)
    if found is None:
        raise UsageError("ACCOUNT-UNKNOWN", f"No account {name!r} is registered.", "See: custody signer account list")
    return found


def brief(one: Account) -> dict[str, Json]:
    """An account for scripts."""
    return {
        "name": one.name,
        "chain": one.chain.chain_id,
        "type": account_type(one.chain),
        "descriptor": one.descriptor,
    }


def _shown(one: Account) -> dict[str, Json]:
    addresses = first_addresses(one, FIRST_ADDRESSES)
    say(f"{one.name} on {one.chain.alias}\n  {one.descriptor}")
    for index, address in enumerate(addresses):
        say(f"  address {index}: {screen.grouped(address)}")
    return {**brief(one), "addresses": list(addresses)}
