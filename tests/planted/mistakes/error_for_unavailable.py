from fastapi import responses


class Careless(responses.JSONResponse):
    def __init__(self, content, status_code=200, **more):
        super().__init__(content, 500 if status_code == 503 else status_code, **more)


responses.JSONResponse = Careless
