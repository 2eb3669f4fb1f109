"""What crosses the gap: withdrawal request in, signing response out, account export; canonical CBOR, versioned."""
