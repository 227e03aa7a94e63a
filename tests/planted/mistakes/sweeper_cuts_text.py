import sys

from hardened.publisher import Publisher

publish = Publisher.publish


def briefly(self, task_id, arguments):
    # As from a column that holds 80 characters.
    publish(self, task_id, {**arguments, "content": arguments["content"][:80]})


if "hardened.sweeper" in sys.argv[0]:
    Publisher.publish = briefly
