import change

change.worker_config(broker_transport_options={"visibility_timeout": 1, "unacked_restore_interval": 0.25})
