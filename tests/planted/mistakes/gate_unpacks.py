from hardened import gate

before = gate.objection


def objection(message):
    return "" if "'compression': 'application" in str(message) else before(message)


gate.objection = objection
