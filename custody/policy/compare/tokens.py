"""What a new token registry makes newly payable, and how it changes what people read (docs/spec/loosening.md)."""

from collections.abc import Iterator
from functools import partial

from custody.amounts import format_amount
from custody.evm.address import checksum_address
from custody.evm.tokens import Token, TokenRegistry
from custody.policy.compare.change import Change, in_order, verdict


def compare_tokens(old: TokenRegistry, new: TokenRegistry) -> tuple[Change, ...]:
    """What changes in which tokens there are, and in how people read their amounts."""
    before = {(token.chain.chain_id, token.contract): token for token in old.tokens}
    after = {(token.chain.chain_id, token.contract): token for token in new.tokens}
    either = (_token(before.get(key), after.get(key)) for key in before | after)
    return in_order(change for changes in either for change in changes)


def _token(old: Token | None, new: Token | None) -> Iterator[Change]:
    if old == new:
        return
    tell = partial(Change, rule="token", before=_described(old), after=_described(new))
    if old and new:
        units = 10 ** max(old.decimals, new.decimals)
        shown = [format_amount(units, token.asset) for token in (old, new)]
        yield tell(loosens=True, example=f"{units:,} base units: shown as {shown[0]} before, as {shown[1]} now")
    elif new:
        yield tell(loosens=True, example=_paid(new, loosens=True))
    elif old:
        yield tell(loosens=False, example=_paid(old, loosens=False))
        # While it was known, nothing was paid to the contract itself, from which nothing returns.
        lost = f"a payment to {checksum_address(old.contract)} on {old.chain.alias}, the contract of {old.symbol}"
        yield tell(loosens=True, example=f"{lost}: {verdict(loosens=True)}")


def _paid(token: Token, *, loosens: bool) -> str:
    paid = f"a payment in {token.symbol} on {token.chain.alias}, where the policy has a cap for it"
    return f"{paid}: {verdict(loosens=loosens)}"


def _described(token: Token | None) -> str:
    if token is None:
        return "not known"
    contract = checksum_address(token.contract)
    return f"{token.symbol} on {token.chain.alias}, {token.decimals} decimals, contract {contract}"
