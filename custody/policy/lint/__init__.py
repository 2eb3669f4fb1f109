"""What is wrong with a policy that can be read: clauses that do nothing, and what nobody means."""
