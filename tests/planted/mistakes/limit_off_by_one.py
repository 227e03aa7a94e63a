from hardened import requests

# `<` instead of `<=`, in both places that look at the length.
requests.CONTENT_LIMIT_BYTES -= 1
