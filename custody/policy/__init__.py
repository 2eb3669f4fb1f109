"""What may be signed: the policy document, one small class a rule, and the decision they add up to."""
