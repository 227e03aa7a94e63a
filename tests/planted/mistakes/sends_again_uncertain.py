from hardened.claims import Claim

Claim.may_have_sent = lambda self: False
