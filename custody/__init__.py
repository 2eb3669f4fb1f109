"""The air-gapped signer: a withdrawal arrives as QR codes, is reviewed, judged, confirmed, signed and logged.

Rooms, each importing only from those above it:

errors, amounts, chains, codec   words that every room uses
review                           the facts of a transaction, one shape for every chain
bitcoin                          from PSBT bytes to those facts, and to signatures
travel_rule, screening           who sends and receives, and whether a destination is flagged
policy                           what may be signed
wire                             what crosses the gap: request, response, account export
audit                            the log and its proofs
vault                            entropy, mnemonic, sealed seed, and the rules of the process that holds the key
ceremony                         the main job, on one page
qr                               frames and their decoders
edge                             disk, clock, terminal, child processes
coordinator                      the online side
cli                              the commands
"""

__version__ = "0.1.0"
