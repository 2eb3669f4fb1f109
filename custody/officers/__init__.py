"""Who may do what: the roster, and what its people have signed (OpenPGP)."""
