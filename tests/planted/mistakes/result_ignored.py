from hardened.claims import Claim

succeed = Claim.succeed
Claim.succeed = lambda self, result: succeed(self, None)
