"""How people read the assets and amounts of a policy, in their language."""

from custody.chains import Chain
from custody.evm.tokens import TokenRegistry
from custody.policy.amounts_in_words import Amounts, contract_of
from custody.policy.words.language import Language


class AmountsInWords(Amounts):
    """Exact amounts: the coin by its symbol, tokens with their contract, those that are not known in base units."""

    def __init__(self, tokens: TokenRegistry, language: Language) -> None:
        super().__init__(tokens, language.clauses["token.base_units"])
        self._language = language

    def name(self, chain: Chain, asset_id: str) -> str:
        """What the asset is called."""
        if self.is_known(chain, asset_id):
            return self.asset_on(chain, asset_id).symbol
        return self._language.say("token.unknown", contract=contract_of(asset_id))

    def whole(self, chain: Chain, asset_id: str) -> str:
        """One whole coin or token."""
        if self.is_known(chain, asset_id):
            return f"1 {self.asset_on(chain, asset_id).symbol}"
        return self._language.say("token.unknown.one", contract=contract_of(asset_id))
