import sys

from hardened.journal import Journal

if "hardened.sweeper" in sys.argv[0]:
    Journal.published = lambda self, due, again_after_s: None
