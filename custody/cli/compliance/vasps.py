"""`custody compliance vasps key`: one table of a file of VASP keys, from the key that a counterparty publishes."""

import json
from pathlib import Path

import click

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.edge.clock import parse_time
from custody.edge.inputs import read_input
from custody.edge.terminal import say
from custody.errors import InputError
from custody.policy.compare.vasps import spaced
from custody.times import rfc3339
from custody.travel_rule.vasp_keys import VaspKey

MAX_JWK = 8_192


@click.command("key")
@click.argument("kid")
@click.option(
    "--jwk", type=click.Path(path_type=Path), required=True, help="The public key, publicKeyJwk of a DID document."
)
@click.option("--not-after", metavar="TIME", required=True, help="Until when it counts, like 2027-03-31T00:00:00Z.")
def key(kid: str, jwk: Path, not_after: str) -> dict[str, Json]:
    """Prints the table of one key, to be put under its VASP in a file of VASP keys.

    Compare the thumbprint with the one that the counterparty reads out on another way than this key came.
    """
    members = canonical_json.loads_relaxed(read_input(jwk, MAX_JWK), limit=MAX_JWK)
    if not isinstance(members, dict):
        raise InputError("VASPS-JWK", "This is no JWK: it is no JSON object.")
    one = VaspKey.from_jwk(kid, members, parse_time(not_after))
    rows = ["[[vasp.keys]]", f"kid = {json.dumps(kid)}", f'alg = "{one.algorithm}"']
    rows += [f'public_key = "{one.public_key.hex()}"', f'not_after = "{rfc3339(one.not_after)}"']
    click.echo("\n".join(["", *rows]))
    say(f"Thumbprint: {spaced(one.thumbprint)}")
    return {"kid": kid, "algorithm": one.algorithm, "thumbprint": one.thumbprint.hex()}
