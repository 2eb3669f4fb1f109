"""Ethereum and networks like it: strict reading, review, signing and finalising of transactions (docs/spec/evm.md)."""
