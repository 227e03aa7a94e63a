from app import worker

worker.app.conf.worker_prefetch_multiplier = 8
