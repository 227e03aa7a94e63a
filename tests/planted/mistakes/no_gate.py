import change

change.worker_config(broker_transport=None)
