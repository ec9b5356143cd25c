"""The bucket beside the stack: whether it is there, the functions' code in it, and its events."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..errors import DeployError
from .aws import ABSENT, DENIED, Account, code_of, explained

CODE = ".understudy/code"
"""Where the zips of the functions are; no name of a model begins so."""


class Bucket:
    """One bucket of S3.

    Args:
        account: whose.
        name: its name.
    """

    def __init__(self, account: Account, name: str) -> None:
        self.name = name
        self._client = account.client("s3")

    def exists(self) -> bool:
        """Whether it is there.

        Raises:
            DeployError: it is somebody else's.
        """
        with explained(f"look at the bucket {self.name}"):
            try:
                self._client.head_bucket(Bucket=self.name)
            except Exception as error:
                if code_of(error) in ABSENT:
                    return False
                if code_of(error) in DENIED:
                    raise DeployError(
                        f"the bucket {self.name} may not be read with these credentials",
                        hint="use the credentials that it was made with, or an administrator's",
                    ) from error
                raise
        return True

    def put_code(self, zipped: Path, sha256: str) -> dict[str, str]:
        """Upload a zip, unless it is there; gives where it is, as CloudFormation takes it."""
        place = self.code_place(sha256)
        key = place["S3Key"]
        with explained(f"upload {zipped.name}"):
            try:
                found = self._client.head_object(Bucket=self.name, Key=key)
            except Exception as error:
                if code_of(error) not in ABSENT:
                    raise
                found = None
            if found is None or found["ContentLength"] != zipped.stat().st_size:
                self._client.upload_file(str(zipped), self.name, key)
        return place

    def code_place(self, sha256: str) -> dict[str, str]:
        """Where a zip is, or would be, as CloudFormation takes it."""
        return {"S3Bucket": self.name, "S3Key": f"{CODE}/{sha256}.zip"}

    def send_events(self) -> None:
        """Let it tell EventBridge of all changes, besides whatever else it tells."""
        with explained(f"let {self.name} send events"):
            said = self._client.get_bucket_notification_configuration(Bucket=self.name)
            said.pop("ResponseMetadata", None)
            if "EventBridgeConfiguration" not in said:
                self._client.put_bucket_notification_configuration(
                    Bucket=self.name,
                    NotificationConfiguration={**said, "EventBridgeConfiguration": {}},
                )

    def remove_code(self, kept: Collection[str] = ()) -> int:
        """Delete the functions' code, but for zips with these hashes; gives how many were deleted.

        CloudFormation reads a zip when it changes a function, and when it takes that back. Without
        the bucket there are none.
        """
        if not self.exists():
            return 0
        with explained(f"tidy up {self.name}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=f"{CODE}/"
            )
            stay = {self.code_place(sha256)["S3Key"] for sha256 in kept}
            every = [found["Key"] for page in pages for found in page.get("Contents", [])]
            keys = [key for key in every if key not in stay]
            for key in keys:
                self._client.delete_object(Bucket=self.name, Key=key)
        return len(keys)
