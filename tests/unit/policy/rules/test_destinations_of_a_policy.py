"""The rules on where coins go, each with what the policy says of it."""

from dataclasses import replace

import examples

from custody.chains import REGTEST
from custody.policy.clauses import Allowed, NewDestinations, OwnAccount
from custody.policy.document import Policy
from custody.policy.evaluate import rules_of
from custody.policy.rules.destinations import (
    Actions,
    FirstPayment,
    KnownDestination,
    NotLookAlike,
    ToHot,
    destination_rules,
)
from custody.screening.address import decode_on_chain

POLICY = Policy.parse(examples.POLICY)
CLAUSE = NewDestinations(24, 30)
COIN = REGTEST.coin


def test_every_rule_is_asked_where_the_policy_has_its_clause() -> None:
    bounds = {name: ((COIN.asset_id, number),) for number, name in enumerate(("first_payments", "known_above"))}
    named = replace(POLICY.chains[0], **bounds, to_hot_caps=((COIN.asset_id, 2),), actions=("payment",))
    hot = OwnAccount("Hot 1", "hot", REGTEST, checksum="qqqqqqqq")
    broker = Allowed(REGTEST, examples.PAYEE, "Broker", decode_on_chain(examples.PAYEE, REGTEST))
    policy = replace(POLICY, chains=(named,), allowlist=(broker,), own_accounts=(hot,))
    four = (
        KnownDestination(REGTEST, (broker,), named.known_above),
        NotLookAlike(REGTEST, (broker,), (hot,)),
        ToHot((hot,), named.to_hot_caps),
        Actions(("payment",)),
    )
    assert destination_rules(policy, named) == four
    new = replace(policy, new_destinations=CLAUSE)
    assert destination_rules(new, named) == (FirstPayment(REGTEST, CLAUSE, named.first_payments), *four)
    assert set(four) <= set(rules_of(policy, REGTEST.chain_id))
