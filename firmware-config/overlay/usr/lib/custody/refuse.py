"""What people read when the device refuses to run."""

print(
    "\nSIGNER-REFUSED: this device does not run the signer.\n"
    "A guarantee does not hold, or a network interface appeared; the lines above say which.\n"
    "Turn it off, keep it as it is, and see the runbook: docs/ops-runbook.\n"
)
