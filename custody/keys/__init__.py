"""Keys and the texts that name them, the same for every family of networks: derivation, descriptors, accounts."""
