from hardened.watchdog import StallDetector

stalled = StallDetector.stalled
# An idle worker is taken for a stuck one.
StallDetector.stalled = lambda self, now, queued, in_hand, received: stalled(self, now, 1, in_hand, received)
