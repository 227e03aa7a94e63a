from dataclasses import replace

from hardened.journal import Journal

due = Journal.due


def last_of_the_loop(self, limit, queued_since_s=0.0):
    found = due(self, limit, queued_since_s)
    # As a function that is made in a loop sees the loop's variable: what it was when the loop ended.
    return [replace(each, arguments=found[-1].arguments) for each in found]


Journal.due = last_of_the_loop
