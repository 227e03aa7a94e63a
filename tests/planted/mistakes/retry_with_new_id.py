import sys
import uuid

from hardened.publisher import Publisher

publish = Publisher.publish

if "hardened.sweeper" in sys.argv[0]:
    Publisher.publish = lambda self, task_id, arguments: publish(self, str(uuid.uuid4()), arguments)
