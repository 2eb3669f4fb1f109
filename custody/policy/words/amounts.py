"""How people read the amounts of a policy."""

from custody.amounts import Asset, format_amount
from custody.chains import Chain
from custody.evm.tokens import TokenRegistry
from custody.policy.words.language import Language


class Amounts:
    """Exact amounts: the coin by its symbol, tokens with their contract, those that are not known in base units."""

    def __init__(self, tokens: TokenRegistry, language: Language) -> None:
        self._known = {token.asset.asset_id: token.asset for token in tokens.tokens}
        self._language = language

    def amount(self, chain: Chain, asset_id: str, base_units: int) -> str:
        """The amount with what it is of."""
        return format_amount(base_units, self._asset(chain, asset_id))

    def name(self, chain: Chain, asset_id: str) -> str:
        """What the asset is called."""
        if asset_id != chain.coin.asset_id and asset_id not in self._known:
            return self._language.say("token.unknown", contract=_contract(asset_id))
        return self._asset(chain, asset_id).symbol

    def whole(self, chain: Chain, asset_id: str) -> str:
        """One whole coin or token."""
        asset = self._asset(chain, asset_id)
        if asset_id != chain.coin.asset_id and asset_id not in self._known:
            return self._language.say("token.unknown.one", contract=_contract(asset_id))
        return f"1 {asset.symbol}"

    def _asset(self, chain: Chain, asset_id: str) -> Asset:
        if asset_id == chain.coin.asset_id:
            return chain.coin
        contract = _contract(asset_id)
        if known := self._known.get(asset_id):
            return Asset(asset_id, f"{known.symbol} ({contract})", known.decimals)
        return Asset(asset_id, self._language.say("token.base_units", contract=contract), 0)


def _contract(asset_id: str) -> str:
    return asset_id.rsplit(":", 1)[1]
