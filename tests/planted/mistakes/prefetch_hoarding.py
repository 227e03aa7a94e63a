import change

change.worker_config(worker_prefetch_multiplier=4)
