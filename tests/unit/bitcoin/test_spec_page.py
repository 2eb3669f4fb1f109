"""The worked example of docs/spec/bitcoin.md is what the code does."""

import json
import re
from pathlib import Path

from psbts import SEED, TREASURY

from custody.bitcoin.account import Account
from custody.bitcoin.review import review
from custody.bitcoin.signing import finalize, sign


def test_the_example_of_the_page_holds(project: Path) -> None:
    page = (project / "docs/spec/bitcoin.md").read_text().split("## Example")[1]
    descriptor, psbt, facts, answer = re.findall(r"```(?:json)?\n(.*?)\n```", page, re.DOTALL)
    account = Account.parse("treasury", TREASURY.chain, descriptor)
    encoded = bytes.fromhex(psbt)
    assert review(encoded, account).as_json() == json.loads(facts)
    signatures = sign(encoded, account, SEED)
    assert [signatures[0].signature.hex(), finalize(encoded, account, signatures)[0]] == answer.split()
