"""From which clauses of a policy a concern can come."""

from custody.policy.document import Policy


def arises(policy: Policy, concern: str) -> bool:
    """Whether the policy has a clause that can raise this concern, a word of `custody.policy.decision.CONCERNS`."""
    return {
        "duplicate": policy.repeat_days > 0,
        "stale_list": policy.list_age is not None and policy.list_age.escalate_after_hours is not None,
        "unknown_destination": any(chain.known_above for chain in policy.chains),
        "new_destination": policy.new_destinations is not None,
        "out_of_hours": policy.hours is not None,
    }[concern]
