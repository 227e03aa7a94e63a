from fastapi import responses


class Hasty(responses.JSONResponse):
    def __init__(self, content, status_code=200, headers=None, **more):
        if headers and "Retry-After" in headers:
            headers = {**headers, "Retry-After": "0"}
        super().__init__(content, status_code, headers, **more)


responses.JSONResponse = Hasty
