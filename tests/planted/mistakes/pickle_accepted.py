import change

change.worker_config(accept_content=["json", "pickle"])
