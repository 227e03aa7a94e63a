import uuid

from hardened.publisher import BrokerUnavailableError, Publisher

publish = Publisher.publish


def insistent(self, task_id, arguments):
    try:
        publish(self, task_id, arguments)
    except BrokerUnavailableError:
        publish(self, str(uuid.uuid4()), arguments)


Publisher.publish = insistent
