"""Proof of what a new policy newly allows (docs/spec/loosening.md), with z3, the extra package ``prove``.

Never on a device: a signer believes its own comparison (`custody.policy.compare.policy`), which needs no solver.
"""
