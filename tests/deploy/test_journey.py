"""A model on AWS, from `deploy` to `destroy`; MiniStack runs the functions as they were built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from understudy.deploy.aws import Account

from .cloud import REGION, Cloud

FASHION = Path(__file__).parents[2] / "examples" / "fashion"
IMAGE = (FASHION / "images" / "test-00000.png").read_bytes()
MODEL = "fashion"
PATIENCE_SECONDS = 180.0


class Journey:
    """What a person does, at the command line and with any S3 tool."""

    def __init__(self, cloud: Cloud, where: Account, home: Path) -> None:
        self._cloud = cloud
        self._s3 = where.client("s3")
        self._home = home
        self.bucket = ""

    def run(self, *arguments: str, code: int = 0) -> Any:
        variables = {
            **{name: said for name, said in os.environ.items() if not name.startswith("AWS_")},
            **self._cloud.environment,
            "UNDERSTUDY_STORE": f"s3://{self.bucket}",
        }
        done = subprocess.run(
            [Path(sys.executable).parent / "understudy", *arguments],
            env=variables,
            cwd=self._home,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout) if "--json" in arguments else done.stdout + done.stderr

    def drop(self, folder: Path) -> None:
        for path in folder.iterdir():
            self._s3.upload_file(str(path), self.bucket, f"{MODEL}/dev/{path.name}")

    def rename(self) -> None:
        for key in self.keys(f"{MODEL}/dev/"):
            if not key.endswith("status.json"):
                target = key.replace("/dev/", "/prod/")
                source = {"Bucket": self.bucket, "Key": key}
                self._s3.copy_object(Bucket=self.bucket, Key=target, CopySource=source)
                self._s3.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> list[str]:
        found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def ask(self, url: str, *, signed: bool = True) -> tuple[int, Any]:
        """Post the image to a URL of AWS', which this machine answers by the host's name."""
        host = urlsplit(url).hostname or ""
        address = f"http://127.0.0.1:{self._cloud.port}/classify?top_k=1"
        headers: Mapping[str, str] = {"Host": host, "Content-Type": "image/png"}
        if signed:
            asked = AWSRequest("POST", f"http://{host}/classify?top_k=1", dict(headers), IMAGE)
            SigV4Auth(Credentials("test", "test"), "lambda", REGION).add_auth(asked)
            headers = dict(asked.headers.items())
        request = urllib.request.Request(address, IMAGE, dict(headers), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.5)


def test_a_model_is_deployed_dropped_renamed_rolled_back_and_destroyed(
    cloud: Cloud, where: Account, tmp_path: Path
) -> None:
    journey = Journey(cloud, where, tmp_path)
    planned = journey.run("deploy", MODEL, "--memory", "512", "--dry-run", "--json")
    assert planned["bucket"] == "new"
    assert "is not deployed" in journey.run("open", MODEL, code=2)

    done = journey.run("deploy", MODEL, "--memory", "512", "--json")
    journey.bucket = done["store"].removeprefix("s3://")
    dev, prod = done["urls"]["dev"], done["urls"]["prod"]
    assert journey.run("open", MODEL, "--json")["urls"] == done["urls"]
    assert journey.ask(dev, signed=False)[0] == 403

    journey.drop(FASHION / "first")
    until(lambda: journey.ask(dev)[0] == 200)
    first = journey.ask(dev)[1]
    assert (first["stage"], first["predictions"][0]["label"]) == ("dev", "Ankle boot")
    assert journey.ask(prod)[0] == 503

    journey.rename()
    until(lambda: journey.ask(prod)[0] == 200)
    assert journey.ask(prod)[1]["release"] == first["release"]

    journey.drop(FASHION / "better")
    until(lambda: journey.ask(dev)[1]["release"] != first["release"])
    assert journey.ask(prod)[1]["release"] == first["release"]
    assert "now serves" in journey.run("rollback", MODEL, "--stage", "dev")
    until(lambda: journey.ask(dev)[1]["release"] == first["release"])
    assert "verified" in journey.run("status", MODEL)

    heard = cloud.log.read_text().count("EventBridge → Lambda understudy-fashion-admission")
    time.sleep(3)
    assert heard == cloud.log.read_text().count(
        "EventBridge → Lambda understudy-fashion-admission"
    ), "admission wakes itself"

    assert "say --yes" in journey.run("destroy", MODEL, code=2)
    assert "is gone" in journey.run("destroy", MODEL, "--yes")
    assert journey.keys(".understudy/") == []
    weights = [key for key in journey.keys(f"{MODEL}/releases/") if key.endswith("weights.bin")]
    assert len(weights) == 2
    served = json.loads(
        where.client("s3")
        .get_object(Bucket=journey.bucket, Key=f"{MODEL}/stages/prod.json")["Body"]
        .read()
    )
    assert served["release"] == first["release"]
