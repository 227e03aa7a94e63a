"""The same service, made to keep its promise: what was answered with 202 ends, and its e-mail is sent once.

Read in this order: `settings`, `journal`, `claims`, `once`, `tasks`, `worker`, `publisher`, `intake`, `api`,
`sweeper`, `watchdog`.
"""
