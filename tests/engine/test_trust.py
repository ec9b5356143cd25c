"""What an architecture may ask Keras for, and what not, in every spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from golden_set import goldens

from understudy.engine import ALLOW_LAMBDA
from understudy.engine.trust import check_trust
from understudy.errors import UnsupportedError

OWN_CODE = {"lambdas"}
"""Golden models with Lambda layers."""

OWN_CLASSES = {("keras-3.15.1+strangers", "own_sequential")}
"""Golden models of classes that somebody wrote, where Keras names their modules."""


def layer(class_name: str, config: Any = None, **more: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": "one"} | (config or {}), **more}


def model(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"layers": list(layers)}}


def refused(found: Any, *, allow_lambda: bool = False) -> UnsupportedError:
    with pytest.raises(UnsupportedError) as caught:
        check_trust(found, allow_lambda=allow_lambda)
    return caught.value


CODE = {
    "of Keras 2": layer("Lambda", {"function": ["4wEAAAA=", None, None], "module": "__main__"}),
    "of Keras 3": layer("Lambda", {"function": layer("__lambda__")}, module="keras.layers"),
    "by its place": layer("layers.Lambda", module="keras"),
    "registered": layer("Dense", registered_name="keras>Lambda"),
    "wrapped": layer("TimeDistributed", {"layer": layer("Lambda")}),
    "in a model": model(layer("Lambda")),
    "as an option": layer("Dense", {"activation": {"class_name": "__lambda__", "config": {}}}),
    "as an argument": layer("Add", {}, inbound_nodes=[{"kwargs": {"f": [layer("__lambda__")]}}]),
}


@pytest.mark.parametrize("spelling", CODE)
def test_code_is_refused_in_every_spelling(spelling: str) -> None:
    refused(model(CODE[spelling]))


def test_the_error_names_the_layers_and_how_to_allow_them() -> None:
    error = refused(model(layer("Lambda"), layer("Dense"), layer("Lambda", {"name": "two"})))
    assert sorted(error.problems) == ["Lambda one", "Lambda two"]
    assert f"{ALLOW_LAMBDA}=1" in error.hint


@pytest.mark.parametrize("spelling", ["of Keras 2", "of Keras 3", "wrapped", "in a model"])
def test_an_operator_may_allow_code(spelling: str) -> None:
    check_trust(model(CODE[spelling]), allow_lambda=True)


FOREIGN = {
    "a SavedModel": layer("TFSMLayer", {"filepath": "/tmp/saved"}),
    "a pickle": layer("TorchModuleWrapper", module="keras.layers"),
    "another module": layer("system", module="os"),
    "a module that looks like Keras": layer("Dense", module="kerasx.layers"),
    "a module of Keras that models do not need": layer("get_file", module="keras.utils"),
    "a path for a name": layer("utils.get_file", module="keras"),
    "a function by a path": {
        "class_name": "function",
        "config": "utils.get_file",
        "module": "builtins",
    },
    "a module that is no text": layer("Dense", module=["os"]),
    "a file": layer("StringLookup", {"vocabulary": "/etc/passwd"}),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_leads_elsewhere_is_refused_whatever_the_operator_allows(what: str) -> None:
    refused(model(FOREIGN[what]), allow_lambda=True)


def test_words_in_the_file_are_no_file() -> None:
    check_trust(model(layer("StringLookup", {"vocabulary": ["a", "b"]})), allow_lambda=False)


def test_every_golden_model_of_keras_own_classes_is_trusted() -> None:
    found = [golden for golden in goldens() if "architecture.json" in golden.files]
    assert len(found) > 400
    for golden in found:
        architecture = json.loads(golden.read("architecture.json"))
        architecture.pop("compile_config", None)
        if golden.model in OWN_CODE or (golden.version, golden.model) in OWN_CLASSES:
            refused(architecture)
        else:
            check_trust(architecture, allow_lambda=False)
