"""The rules of a policy: small frozen classes, all asked, in no order that matters."""
