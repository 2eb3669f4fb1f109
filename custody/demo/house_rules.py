"""What the house of the second chapter has agreed on: its people, its policy, and the policy that a thief prefers."""

import base64
from collections.abc import Callable

from custody.demo import bitcoin_world, world
from custody.wire.bundle import Kind

NAME = "sakura-exchange"
TRUST = "Sakura Trust KK"

OFFICERS = ("Sato", "Abe", "Endo")
MAKER = "Tanaka"
APPROVERS = {"Ito": world.HOUSE, "Chiba": TRUST}
COMPLIANCE = ("Mori", "Kato", "Hara")
#: Who has a key that lies online, and can be stolen there.
SIGNERS = (MAKER, *APPROVERS, *COMPLIANCE)
PASSPHRASES = {name: f"rehearsal of {name}" for name in OFFICERS}

_BEGINNING = f"""\
# Who may do what in this house. docs/spec/roster.md explains every line.
version = 1
house = "{NAME}"
activation_delay_hours = 24

[signatures]
policy = 2
list = 2
tokens = 2
roster = 2

[consent]
officers = 2
"""

_POLICY = f"""\
version = 1
house = "{world.HOUSE}"
repeat_days = {{repeat_days}}

[originating_vasp]
name = "{world.HOUSE}"
lei = "{world.HOUSE_LEI}"

[chains.regtest]
fee_cap = "500000"
feerate_cap = 300
fee_percent_cap = 2

[chains.regtest.cap_per_transaction]
coin = "{{cap}}"
"""

POLICY = f"""\
# What this house allows its signer to sign. docs/spec/policy.md explains every line.
{_POLICY.format(repeat_days=7, cap=200_000_000)}
[chains.regtest.cap_per_day]
coin = "300000000"

[chains.regtest.known_above]
coin = "0"

[[allowlist]]
chain = "regtest"
address = "{bitcoin_world.CUSTOMER}"
name = "Maple Digital Ltd, settlement"

[[approvals]]
role = "approver"
count = 2
organisations = 2
"""

#: No approval, any destination, no cap for a day, the same payment as often as one likes, and all coins that there
#: will ever be at once.
POLICY_WITHOUT_LIMITS = _POLICY.format(repeat_days=0, cap=21_000_000 * 10**8)

#: What decides from the first day, beside the roster.
FIRST: dict[Kind, str] = {"policy": POLICY, "list": world.FLAGGED_LIST}


def roster(certificate: Callable[[str], bytes]) -> str:
    """The roster's TOML; officers have no certificate: they are known by their secrets on the device."""
    rows = [
        *(_person(name, "officer", world.HOUSE) for name in OFFICERS),
        _person(MAKER, "operator", world.HOUSE, certificate(MAKER)),
        *(_person(name, "approver", organisation, certificate(name)) for name, organisation in APPROVERS.items()),
        *(_person(name, "compliance", world.HOUSE, certificate(name)) for name in COMPLIANCE),
    ]
    return "\n".join([_BEGINNING, *rows])


def _person(name: str, role: str, organisation: str, certificate: bytes = b"") -> str:
    lines = ["[[person]]", f'name = "{name}"', f'role = "{role}"', f'organisation = "{organisation}"']
    if certificate:
        lines.append(f'certificate = """\n{base64.encodebytes(certificate).decode("ascii")}"""')
    return "\n".join([*lines, ""])
