"""Counterparties for tests: keys that another library holds, the file of them, and the messages that they sign."""

import base64
import hashlib
import json
import warnings
from datetime import UTC, datetime
from typing import Any

import coincurve
import examples
import nacl.signing
from joserfc import jwk, jws

from custody.amounts import Asset
from custody.chains import REGTEST, Chain
from custody.travel_rule.record import Counterparty
from custody.travel_rule.tap import AUTHORIZE, CONTEXT, Paid
from custody.travel_rule.vasp_keys import VaspKeys

NOW = 1_767_225_600  # 2026-01-01
HOUSE_DID = "did:web:exchange.example"
OTHER_DID = "did:web:other.example"
THIRD_DID = "did:web:third.example"
THIRD_VASP = "Third Exchange GmbH"
OTHER = Counterparty(examples.OTHER_VASP, "GB", examples.OTHER_LEI)
THIRD = Counterparty(THIRD_VASP, "DE")
# By the end of the key's name: which algorithm.
ED25519, SECP256K1 = f"{OTHER_DID}#key-1", f"{OTHER_DID}#key-2"
THIRD_KEY = f"{THIRD_DID}#key-1"


def b64(octets: bytes) -> str:
    """Base64url without padding, written here."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def private_key(kid: str) -> Any:
    """The same key for the same name, on secp256k1 where it ends in ``key-2``."""
    secret = hashlib.sha256(kid.encode()).digest()
    if kid.endswith("key-2"):
        point = coincurve.PrivateKey(secret).public_key.format(compressed=False)
        members = {"kty": "EC", "crv": "secp256k1", "x": b64(point[1:33]), "y": b64(point[33:]), "d": b64(secret)}
        return jwk.ECKey.import_key(members)
    public = bytes(nacl.signing.SigningKey(secret).verify_key)
    return jwk.OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": b64(public), "d": b64(secret)})


def algorithm(kid: str) -> str:
    """JWA name."""
    return "ES256K" if kid.endswith("key-2") else "EdDSA"


def public_text(kid: str) -> str:
    """The raw public key as a file has it: base64url, and hex for secp256k1."""
    public = private_key(kid).as_dict(private=False)
    if "y" not in public:
        return str(public["x"])
    x, y = (base64.urlsafe_b64decode(public[name] + "=") for name in ("x", "y"))
    return (bytes([2 + y[-1] % 2]) + x).hex()


def key_toml(kid: str, not_after: str = "2027-03-31T00:00:00Z") -> str:
    """One key."""
    rows = [f'kid = "{kid}"', f'alg = "{algorithm(kid)}"', f'public_key = "{public_text(kid)}"']
    return "\n".join(["[[vasp.keys]]", *rows, f'not_after = "{not_after}"', ""])


def vasp_toml(counterparty: Counterparty, did: str, *keys: str) -> str:
    """One VASP with the tables of its keys."""
    rows = [f'name = "{counterparty.name}"', *([f'lei = "{counterparty.lei}"'] if counterparty.lei else [])]
    rows += [f'jurisdiction = "{counterparty.jurisdiction}"', f'did = "{did}"', ""]
    return "\n".join(["[[vasp]]", *rows, *keys])


def file_toml(*vasps: str, did: str = HOUSE_DID) -> bytes:
    """A file of VASP keys."""
    return "\n".join([f'version = 1\ndid = "{did}"\n', *vasps]).encode()


TOML = file_toml(
    vasp_toml(OTHER, OTHER_DID, key_toml(ED25519), key_toml(SECP256K1)),
    vasp_toml(THIRD, THIRD_DID, key_toml(THIRD_KEY)),
)
KEYS = VaspKeys.parse(TOML)


def paid(
    address: str = examples.PAYEE, amount: int = 60_000, chain: Chain = REGTEST, asset: Asset | None = None
) -> Paid:
    """What a transaction pays."""
    return Paid(chain, address, amount, asset or chain.coin)


def decimal(amount: int, asset: Asset) -> str:
    """Base units as TAP writes amounts, in whole units."""
    whole, fraction = divmod(amount, 10**asset.decimals)
    return f"{whole}.{fraction:0{asset.decimals}}" if asset.decimals else str(whole)


def message(of: Paid, *, kid: str = ED25519, now: int = NOW, **body: Any) -> dict[str, Any]:
    """The Authorize message for a payment; ``body`` changes its fields, None takes one out."""
    fields = {
        "@context": CONTEXT,
        "@type": AUTHORIZE,
        "settlementAddress": f"{of.chain.chain_id}:{of.address}",
        "settlementAsset": of.asset.asset_id,
        "amount": decimal(of.amount, of.asset),
        "expiry": now + 86_400,
    } | body
    fields["expiry"] = iso(fields["expiry"]) if isinstance(fields["expiry"], int) else fields["expiry"]
    return {
        "id": "0c1f9a4e-7a0b-4f07-9a5e-3d2f0a4b6c8d",
        "type": AUTHORIZE,
        "from": kid.split("#")[0],
        "to": [HOUSE_DID],
        "thid": "599f7220-6149-4c45-adbb-86d96c8e0608",
        "created_time": now - 60,
        "body": {name: value for name, value in fields.items() if value is not None},
    }


def iso(seconds: int) -> str:
    """As many programs write a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign(payload: dict[str, Any] | bytes, kid: str = ED25519, *, key: Any = None,
         protected: dict[str, Any] | None = None, header: dict[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """A JWS in the general JSON serialization, by the other library; ``kid`` beside the signature unless said."""
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    given = {"alg": algorithm(kid), "typ": "application/didcomm-signed+json"} if protected is None else protected
    member = {"protected": given, "header": {"kid": kid} if header is None else header}
    with warnings.catch_warnings():
        # RFC 9864 would call it Ed25519; TAIP-2 names EdDSA.
        warnings.simplefilter("ignore")
        made = jws.serialize_json([member], octets, key or private_key(kid), algorithms=["EdDSA", "ES256K"])
    if not member["header"]:
        made["signatures"][0].pop("header", None)
    return dict(made)


def authorization(of: Paid | None = None, *, kid: str = ED25519, now: int = NOW, envelope: dict[str, Any] | None = None,
                  **body: Any) -> dict[str, Any]:  # fmt: skip
    """A signed authorisation of a payment; ``envelope`` changes the message, other words its body."""
    return sign(message(of or paid(), kid=kid, now=now, **body) | (envelope or {}), kid)
