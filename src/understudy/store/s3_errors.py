"""What a failed call to S3 means for a person: a reason, and a hint.

A table, looked through from the top. The patterns are S3's error codes, and what the HTTP library
says of connections. The text comes from obstore: one line of words with S3's answer in it, then
the structure of the error.
"""

from __future__ import annotations

import re

from .aws import NO_CREDENTIALS, NO_CREDENTIALS_HINT

_LOGIN = "check the variables AWS_* and the profile in use; `aws sts get-caller-identity` shows it"
UNREACHABLE_HINT = "check AWS_ENDPOINT_URL, the network, and that the server runs"

ROWS: tuple[tuple[str, str, str], ...] = (
    (
        "<Code>NoSuchBucket<",
        "there is no such bucket",
        "check the bucket's name, and AWS_ENDPOINT_URL if it is not on AWS",
    ),
    ("<Code>InvalidBucketName<", "the bucket's name is not valid", "check the bucket's name"),
    ("<Code>InvalidAccessKeyId<", "the access key is not known there", _LOGIN),
    ("<Code>SignatureDoesNotMatch<", "the secret access key is wrong", _LOGIN),
    (
        "<Code>(?:ExpiredToken|TokenRefreshRequired|RequestExpired)<",
        "the credentials have expired",
        "log in again, such as with `aws sso login`, or set new ones",
    ),
    ("<Code>InvalidToken<", "the session token is not valid", _LOGIN),
    (
        "<Code>RequestTimeTooSkewed<",
        "the clock of this machine is wrong",
        "set the clock; S3 takes requests of the last 15 minutes only",
    ),
    (
        "<Code>(?:PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed"
        "|IllegalLocationConstraintException|IncorrectEndpoint)<|redirect without LOCATION",
        "the bucket is in another region",
        "set AWS_REGION to the region of the bucket",
    ),
    (
        "maximum allowable size for a copy source",
        "S3 does not copy what is larger than 5 GB",
        "copy it with the AWS command line tool",
    ),
    (
        "<Code>NotImplemented<|501 Not Implemented",
        "the server does not know this request",
        "use a server that has S3's conditional writes (If-Match, If-None-Match)",
    ),
    (
        "<Code>(?:SlowDown|Busy|ServiceUnavailable|InternalError)<|50[0-4] ",
        "the store is overloaded or broken",
        "wait a little, and try again",
    ),
    (
        'invalid path[^"]*"(.*?)"',
        "the object {} has a name that cannot be used",
        "rename it: no empty parts (//), no parts `.` or `..`, no control characters",
    ),
    ("169.254.169.254|/latest/(?:api|meta-data)/", NO_CREDENTIALS, NO_CREDENTIALS_HINT),
    (
        "<Code>(?:AccessDenied|AllAccessDisabled|AccountProblem)<|status code: 403",
        "permission denied",
        "see what these credentials are allowed to do; to those who may not list the bucket"
        " (s3:ListBucket), S3 says this also of what does not exist",
    ),
    ("WebIdentity|sts\\.[a-z0-9-]*\\.?amazonaws", "AWS gave no credentials for the role", _LOGIN),
    ("dns error", "the server's name cannot be found", UNREACHABLE_HINT),
    ("ConnectionRefused", "nothing answers at the server's address", UNREACHABLE_HINT),
    (
        "InvalidMessage|InvalidContentType|CorruptMessage",
        "the server does not speak HTTPS",
        "write http:// in AWS_ENDPOINT_URL if it is a server that you trust",
    ),
    (
        "InvalidCertificate|UnknownIssuer",
        "the server's certificate is not trusted",
        "set AWS_CA_BUNDLE to a file with the certificate of who issued it",
    ),
    ("TimedOut|kind: Timeout", "no answer came in time", UNREACHABLE_HINT),
    ("kind: (?:Connect|Request|Interrupted|Decode)", "the connection was broken", UNREACHABLE_HINT),
)


def reason(said: str) -> tuple[str, str] | None:
    """Why a call failed and what to do, or None where the words of S3 themselves are the best."""
    for pattern, why, hint in ROWS:
        found = re.search(pattern, said, re.DOTALL)
        if found is not None:
            return f"{why.format(*found.groups())}{_region(said)}", hint
    code = re.search("<Code>(.*?)</Code>", said)
    message = re.search("<Message>(.*?)</Message>", said, re.DOTALL)
    if code and message and code[1] != "NoSuchKey":
        words = " ".join(message[1].split()).rstrip(".")
        return f"{words} ({code[1]})", "look the code up in the documentation of S3 or the server"
    return None


def _region(said: str) -> str:
    """What S3 adds when a bucket is somewhere else."""
    found = re.search("<Region>([a-z0-9-]+)</Region>|expecting '([a-z0-9-]+)'", said)
    return f", {found[1] or found[2]}" if found else ""
