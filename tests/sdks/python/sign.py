"""Signs requests with botocore's own signer: a JSON array of them on stdin, of their signed headers on stdout."""

import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(asked):
    moment = datetime.datetime.fromtimestamp(asked["seconds"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: moment.replace(tzinfo=None)
    request = AWSRequest(
        method=asked["method"],
        url=asked["url"],
        headers=asked["headers"],
        data=bytes(asked["body"]),
    )
    keys = Credentials(asked["id"], asked["secret"], asked["token"])
    botocore.auth.SigV4Auth(keys, asked["service"], asked["region"]).add_auth(request)
    names = ("authorization", "x-amz-date", "x-amz-security-token")
    return {name: value for name, value in ((n.lower(), v) for n, v in request.headers.items()) if name in names}


json.dump([sign(asked) for asked in json.load(sys.stdin)], sys.stdout)
