from hardened import once

# A minus too many: each attempt follows sooner, and all are used up before the outage is over.
once.backoff_s = lambda attempt, base_s, cap_s, jitter: min(cap_s, base_s * 2.0 ** -(attempt + 1)) * (0.5 + jitter / 2)
