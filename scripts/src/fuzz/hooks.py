"""Signs in for schemathesis, and again before a token has run out."""

import json
import os
from urllib.parse import urlencode

import requests
import schemathesis


@schemathesis.auth(refresh_interval=300)
class SignIn:
    def get(self, case, context):
        answer = requests.post(
            os.environ["GUANXI_URL"] + "/api/v1/auth/sign-in",
            json={"username": os.environ["GUANXI_USERNAME"], "password": os.environ["GUANXI_PASSWORD"]},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def filter_query(context, query):
    """An address of more than 64 KiB is no HTTP for the server's library, which answers it before the server sees it."""
    return len(urlencode(query or {}, doseq=True)) < 60_000


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """The document describes one line of such a body."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
