from hardened.publisher import Publisher

init = Publisher.__init__


def patient(self, *arguments):
    init(self, *arguments)
    self._celery.conf.broker_transport_options = {"max_retries": 0}


Publisher.__init__ = patient
