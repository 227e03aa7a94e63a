from fastapi import responses


class Curt(responses.JSONResponse):
    def __init__(self, content, status_code=200, **more):
        more.pop("headers", None)
        super().__init__(content, status_code, **more)


responses.JSONResponse = Curt
