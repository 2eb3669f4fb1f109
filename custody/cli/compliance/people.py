"""`custody compliance roster person`: one table of a roster, from a certificate."""

import base64
import json
from pathlib import Path

import click

from custody.codec.canonical_json import Json
from custody.edge.inputs import read_input
from custody.edge.keyring import Keyring
from custody.edge.terminal import say
from custody.errors import UsageError
from custody.officers import given
from custody.officers.openpgp import MAX_CERTIFICATE, Certificate
from custody.officers.roster import Role
from custody.screen import printable


@click.command("person")
@click.argument("name")
@click.option("--role", type=click.Choice([str(role) for role in Role]), required=True, help="What the person may do.")
@click.option("--organisation", required=True, metavar="NAME", help="The company the person works for.")
@click.option("--key", metavar="FPR", help="Take the certificate with this fingerprint from your own gpg.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Or from a file: gpg --export FPR.")
def person(name: str, role: str, organisation: str, key: str | None, certificate: Path | None) -> dict[str, Json]:
    """Prints the table of one person, to be put into a roster's TOML.

    Compare the fingerprint with the one that the person has on paper: a roster pins these exact bytes.
    """
    octets = _certificate(key, certificate)
    fingerprint = Certificate.parse(octets).fingerprint if octets else None
    click.echo(_table(name, role, organisation, octets), nl=False)
    if fingerprint:
        say(f"Fingerprint of {printable(name)}: {given.spaced(fingerprint)}")
    return {"name": name, "role": role, "organisation": organisation, "fingerprint": fingerprint}


def _certificate(key: str | None, path: Path | None) -> bytes | None:
    """Raises UsageError KEYRING-KEY, PERSON-CERTIFICATE."""
    if key and path:
        raise UsageError("PERSON-CERTIFICATE", "Name the certificate once: --key or --certificate.")
    if path:
        return read_input(path, MAX_CERTIFICATE)
    if key is None:
        return None
    found = Keyring.open().certificate(given.fingerprint(key))
    if found is None:
        raise UsageError("KEYRING-KEY", "Your gpg knows no key with this fingerprint.", "gpg --list-keys")
    return found


def _table(name: str, role: str, organisation: str, certificate: bytes | None) -> str:
    rows = ["", "[[person]]", f"name = {json.dumps(name)}", f'role = "{role}"']
    rows.append(f"organisation = {json.dumps(organisation)}")
    if certificate:
        rows += ['certificate = """', base64.encodebytes(certificate).decode("ascii").rstrip("\n"), '"""']
    return "\n".join([*rows, ""])
