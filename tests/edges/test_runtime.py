"""The handler in the real runtime: AWS' emulator and client, with a model in a real S3 server."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from serve.live.scene import MODEL, add_release, point
from store.servers import BUCKET, READER, WRITER, S3Server
from understudy.store import Store

from .emulator import missing, running
from .scene import HANDLER, PNG, PNG_64, function_url, put_event

KEY = "photos/in/blood 1+2é.png"
Variables = dict[str, str]


@pytest.fixture(autouse=True)
def needs_the_runtime() -> None:
    why = missing()
    if why is not None:
        pytest.skip(why)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "function").mkdir()
    return tmp_path / "function"


def variables(server: S3Server, who: Mapping[str, str], store: Store, folder: Path) -> Variables:
    return {
        **server.environment(who),
        "UNDERSTUDY_STORE": store.describe(),
        "UNDERSTUDY_MODEL": MODEL,
        "UNDERSTUDY_IMAGES": f"s3://{BUCKET}/photos/in",
        "UNDERSTUDY_CACHE": str(folder / "cache"),
    }


def test_who_may_only_read_serves_and_follows(
    server: S3Server, tmp_path: Path, folder: Path
) -> None:
    store = server.new_store()
    blue, green = (add_release(store, tmp_path / best, best) for best in ("blue", "green"))
    point(store, blue)
    server.store("photos").put("in/blood 1+2é.png", PNG)
    with running(HANDLER, folder, variables(server, READER, store, folder)) as function:
        direct = function.invoke({"image": PNG_64, "top_k": 1})
        assert (direct["release"], direct["image"]) == (blue, 0)
        assert [found["label"] for found in direct["predictions"]] == ["blue"]

        posted = function.invoke(function_url("POST", "/classify", PNG, "image/png", "top_k=1"))
        assert posted["statusCode"] == 200
        assert json.loads(posted["body"])["predictions"] == direct["predictions"]

        (uploaded,) = function.invoke(put_event(BUCKET, KEY))["results"]
        assert uploaded["image"] == f"s3://{BUCKET}/{KEY}"
        assert uploaded["predictions"][:1] == direct["predictions"]

        point(store, green)
        for _ in range(1000):
            if function.invoke({"image": PNG_64})["release"] == green:
                break
        else:
            pytest.fail("the pointer moved, and the release that answers did not")
        lines = function.lines()
    assert [line["result"]["image"] for line in lines if "result" in line] == [uploaded["image"]]
    told = [line for line in lines if "_aws" in line]
    assert [line["start"] for line in told[:3]] == ["cold", "warm", "warm"]
    assert (told[0]["release"], told[-1]["release"]) == (blue, green)
    assert all(line["Infer"] for line in told)


def test_a_process_that_is_frozen_after_each_answer_follows_all_the_same(
    server: S3Server, tmp_path: Path, folder: Path
) -> None:
    store = server.new_store()
    blue, green = (add_release(store, tmp_path / best, best) for best in ("blue", "green"))
    point(store, blue)
    with running(HANDLER, folder, variables(server, READER, store, folder)) as function:
        assert function.invoke({"image": PNG_64})["release"] == blue
        point(store, green)
        for _ in range(1000):
            function.freeze()
            time.sleep(0.05)
            function.thaw()
            if function.invoke({"image": PNG_64})["release"] == green:
                return
    pytest.fail("the pointer moved, and the release that answers did not")


def test_results_are_written_by_who_may_and_refused_to_others(
    server: S3Server, tmp_path: Path, folder: Path
) -> None:
    store = server.new_store()
    point(store, add_release(store, tmp_path / "blue", "blue"))
    server.store("photos").put("in/blood 1+2é.png", PNG)
    results = {"UNDERSTUDY_RESULTS": f"s3://{BUCKET}/results"}
    with running(HANDLER, folder, variables(server, READER, store, folder) | results) as function:
        refused = function.invoke(put_event(BUCKET, KEY))
    assert refused["errorType"] == "InvocationError"
    assert "permission denied" in refused["errorMessage"]
    with running(HANDLER, folder, variables(server, WRITER, store, folder) | results) as function:
        (done,) = function.invoke(put_event(BUCKET, KEY))["results"]
    written = f"results/{BUCKET}/{KEY}.json"
    assert done.pop("written") == f"s3://{BUCKET}/{written}"
    assert json.loads(server.store("").get(written).data) == done


def test_a_store_without_the_model_is_an_answer_and_no_crash(
    server: S3Server, tmp_path: Path, folder: Path
) -> None:
    store = server.new_store()
    with running(HANDLER, folder, variables(server, READER, store, folder)) as function:
        health = function.invoke(function_url())
        assert (health["statusCode"], health["headers"]["retry-after"]) == (503, "2")
        assert function.invoke({"image": PNG_64})["errorType"] == "InvocationError"
        point(store, add_release(store, tmp_path / "blue", "blue"))
        assert function.invoke({"image": PNG_64})["predictions"][0]["label"] == "blue"
