"""Ethereum's own libraries, to compare with. One of them raises the recursion limit when it is imported: not here."""

import importlib
import sys
from types import ModuleType


def load(name: str) -> ModuleType:
    """The module, with the limit as it was: what stops an endless nesting must stop it in tests too."""
    limit = sys.getrecursionlimit()
    try:
        return importlib.import_module(name)
    finally:
        sys.setrecursionlimit(limit)


eth_account = load("eth_account")
typed_transactions = load("eth_account.typed_transactions")
messages = load("eth_account.messages")
eth_abi = load("eth_abi")
peer_rlp = load("rlp")
eth_utils = load("eth_utils")
hexbytes = load("hexbytes")
