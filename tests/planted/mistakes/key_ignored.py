from hardened import requests

before = requests.task_id_of
# Two orders of the same words to the same person, each with a key of its own, are taken for one.
requests.task_id_of = lambda request, key: before(request, None)
