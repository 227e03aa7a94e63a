from hardened.broker_queue import BrokerQueue

length = BrokerQueue.length
# "No answer" becomes "nothing waits": falsy, as None is.
BrokerQueue.length = lambda self: length(self) or 0
