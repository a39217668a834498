"""Writes ONNX networks that compute in eight bits: half the time or less, a file of half the size, the same labels."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from faceannot.crop_networks import INPUT
from faceannot.runtime import onnxruntime

# Crops that show what eight bits have to hold.
MEASURED, SEED = 512, 20261125
# Crops in one look while the ranges are measured.
_BATCH = 32


def representative(places: Sequence[int]) -> list[int]:
    """Some of `places`, always the same."""
    return [places[number] for number in np.random.default_rng(SEED).permutation(len(places))[:MEASURED]]


def in_eight_bits(network: Path, crops: NDArray[np.uint8], out: Path) -> None:
    """Write the ONNX file `network`, which takes crops (n, side, side, 3), with weights and values of eight bits.

    `crops`: those whose values set the ranges; some hundreds are enough. Weights have a scale for each channel, and
    only seven bits, because processors without VNNI add two products in sixteen bits. The file has the standard's own
    operations between QuantizeLinear and DequantizeLinear (Jacob et al. 2018).
    """
    onnxruntime()  # first, so that nothing is sent to anybody
    quantization = import_module("onnxruntime.quantization")
    logging.getLogger().addFilter(_without_advice)
    named = out.with_suffix(".named.onnx")
    try:
        _name_nodes(network, named)
        quantization.quantize_static(
            named,
            out,
            _Batches(crops),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    finally:
        named.unlink(missing_ok=True)
        logging.getLogger().removeFilter(_without_advice)


def _without_advice(record: logging.LogRecord) -> bool:
    """Not that the network should be optimised before, which its export has done."""
    return "pre-processing" not in record.getMessage()


def _name_nodes(network: Path, out: Path) -> None:
    """ONNX Runtime tells nodes apart by their names, which files need not have."""
    model = onnx.load(network)
    for number, node in enumerate(model.graph.node):
        node.name = f"node{number}"
    onnx.save(model, out)


class _Batches:
    """What ONNX Runtime asks for the next batch."""

    def __init__(self, crops: NDArray[np.uint8]) -> None:
        self._batches = (crops[start : start + _BATCH] for start in range(0, len(crops), _BATCH))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch.astype(np.float32)}
