"""Amounts in the words of people, with the decimals of the token registry."""

from custody.amounts import Asset, format_amount
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy


class Amounts:
    """How people read the amounts of a chain's assets."""

    def __init__(self, tokens: TokenRegistry) -> None:
        self._known = {token.asset.asset_id: token.asset for token in tokens.tokens}

    def of(self, chain: ChainPolicy, asset_id: str, amount: int) -> str:
        """``0.00150000 BTC``."""
        return format_amount(amount, self.asset(chain, asset_id))

    def asset(self, chain: ChainPolicy, asset_id: str) -> Asset:
        """The asset; tokens with their contract, those that are not known in base units."""
        if asset_id == chain.chain.coin.asset_id:
            return chain.chain.coin
        contract = asset_id.rsplit(":", 1)[1]
        if known := self._known.get(asset_id):
            return Asset(asset_id, f"{known.symbol} ({contract})", known.decimals)
        return Asset(asset_id, f"base units of {contract}", 0)
