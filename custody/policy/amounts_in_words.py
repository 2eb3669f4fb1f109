"""Amounts in the words of people, with the decimals of the token registry."""

from custody.amounts import Asset, format_amount
from custody.chains import Chain
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ChainPolicy


class Amounts:
    """How people read the amounts of a chain's assets; ``base_units`` says what a token that is not known counts in."""

    def __init__(self, tokens: TokenRegistry, base_units: str = "base units of {contract}") -> None:
        self._known = {token.asset.asset_id: token.asset for token in tokens.tokens}
        self._base_units = base_units

    def of(self, chain: ChainPolicy, asset_id: str, amount: int) -> str:
        """``0.00150000 BTC``."""
        return self.on(chain.chain, asset_id, amount)

    def on(self, chain: Chain, asset_id: str, amount: int) -> str:
        """The same, of a network that no policy needs to name."""
        return format_amount(amount, self.asset_on(chain, asset_id))

    def asset(self, chain: ChainPolicy, asset_id: str) -> Asset:
        """The asset; tokens with their contract, those that are not known in base units."""
        return self.asset_on(chain.chain, asset_id)

    def asset_on(self, chain: Chain, asset_id: str) -> Asset:
        """The same, of a network that no policy needs to name."""
        if asset_id == chain.coin.asset_id:
            return chain.coin
        if known := self._known.get(asset_id):
            return Asset(asset_id, f"{known.symbol} ({contract_of(asset_id)})", known.decimals)
        return Asset(asset_id, self._base_units.format(contract=contract_of(asset_id)), 0)

    def is_known(self, chain: Chain, asset_id: str) -> bool:
        """Whether it is told in whole coins or tokens."""
        return asset_id == chain.coin.asset_id or asset_id in self._known


def contract_of(asset_id: str) -> str:
    """The contract in a token's CAIP-19 id."""
    return asset_id.rsplit(":", 1)[1]
