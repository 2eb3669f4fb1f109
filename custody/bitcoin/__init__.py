"""Bitcoin: strict reading, review by proof, signing and finalising of PSBTs (docs/spec/bitcoin.md)."""
