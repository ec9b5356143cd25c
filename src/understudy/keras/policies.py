"""Dtype policies, as versions wrote them: a name, an object, and for quantised layers a mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROUNDED = {"value_range": [-127, 127], "epsilon": 1e-07, "output_dtype": "int8"}
"""The quantizer of activations that `quantize("int8")` takes, as it is written."""


def policy(written: Any) -> str | None:
    """A dtype or a dtype policy by its name; None if the file does not say.

    A quantised layer's is its mode, e.g. `int8`; a policy without a name, that of its class.
    """
    if not isinstance(written, dict):
        return written if isinstance(written, str) else None
    config = written.get("config")
    if isinstance(config, dict):
        for key in ("name", "mode"):
            if isinstance(config.get(key), str):
                return str(config[key])
    return str(written.get("class_name"))


def quantization(written: Mapping[str, Any]) -> dict[str, Any]:
    """What a layer's options say of being quantised: the policy, and what rounds its input.

    (keras 3.15 `dtype_policies.QuantizedDTypePolicy`, `quantizers.Int8QuantizationConfig`; 3.3 to
    3.10 wrote no `quantization_config`.)
    """
    name = policy(written.get("dtype"))
    if name == "int8_from_float32":
        name = "int8"
    if name != "int8":
        return {} if name in (None, "float32") else {"dtype": name}
    dtype = written["dtype"]
    config = dtype.get("config") if isinstance(dtype, dict) else None
    source = config.get("source_name", "float32") if isinstance(config, dict) else "float32"
    if source not in (None, "float32"):
        return {"dtype": f"int8 from {source}"}
    chosen = written.get("quantization_config")
    if chosen is None:
        return {"quantization": "int8"}
    options = chosen.get("config") if isinstance(chosen, dict) else None
    rounding = options.get("activation_quantizer") if isinstance(options, dict) else chosen
    if rounding is None:
        return {"quantization": "int8 weights"}
    if isinstance(rounding, dict) and rounding.get("config") == ROUNDED:
        return {"quantization": "int8"}
    return {"dtype": f"int8 with the quantizer {str(rounding)[:80]}"}
