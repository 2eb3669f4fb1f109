"""The log: entries in an RFC 6962 tree under signed C2SP checkpoints, and what an auditor checks (docs/spec/log.md)."""
