import uuid

from hardened import requests

before = requests.task_id_of
# The key is looked up nowhere: a repeated submission with a key gets an id of its own.
requests.task_id_of = lambda request, key: before(request, None) if key is None else str(uuid.uuid4())
