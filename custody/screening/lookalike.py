"""Address poisoning: an address made to look like one that is known, for people who compare its ends."""

import re
from collections.abc import Iterable

from custody.errors import InputError
from custody.screening.address import Program
from custody.screening.networks import decode_entry

#: Characters that two addresses share at each end before one is taken for the other.
ENDS = 4

# What every address of its kind begins with, so that nobody compares it: 0x; prefix, 1 and witness version of bech32;
# prefix and version of CashAddr; the version letter of base58check. A bare key in base58 (32 octets) has none.
_CONSTANT = re.compile(
    r"0[xX]|ronin:|(?:bc|tb|bcrt|ltc|tltc|btg|dgb|BC|TB|BCRT|LTC|TLTC|BTG|DGB)1[qpQP]"
    r"|(?:(?:bitcoincash|bchtest|ecash):)?[qp](?=[02-9ac-hj-np-z]{41}$)|(?=.{25,36}$|.{95}$|.{106}$)[1-9A-Za-z]"
)
_IN_ONE_CASE = re.compile(r"0[xX]|ronin:|[A-Z]+1[QP]")


def lookalike(address: str, known: Iterable[str]) -> str | None:
    """The first known address with the same four significant characters at both ends that pays somebody else.

    Significant is what follows the constant part; of an EVM address capitals mean nothing. Networks do not matter:
    people see the text. An address that cannot be decoded is nobody's, so it may look like any known one.
    """
    ends, program = _ends(address), _program(address)
    return next((one for one in known if _ends(one) == ends and not _same(one, address, program)), None)


def _ends(address: str) -> tuple[str, str]:
    constant = _CONSTANT.match(address)
    significant = address[constant.end() :] if constant else address
    if _IN_ONE_CASE.match(address):
        significant = significant.lower()
    return significant[:ENDS], significant[-ENDS:]


def _same(one: str, address: str, program: Program | None) -> bool:
    return one == address or (program is not None and _program(one) == program)


def _program(address: str) -> Program | None:
    try:
        return decode_entry(address).program
    except InputError:
        return None
