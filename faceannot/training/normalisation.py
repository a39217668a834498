"""Batch normalisation that is Keras's own everywhere, and takes PyTorch's fused kernel where that is the backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def normalisation(name: str, *, for_training: bool) -> Any:
    """A batch normalisation layer, quick to train, or, to keep, one that loads with Keras alone."""
    kind = FusedBatchNormalization if for_training else layers.BatchNormalization
    return kind(momentum=0.97, name=name)


class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """`keras.layers.BatchNormalization` with the same weights, over the last axis.

    Keras 3 composes it of single operations on PyTorch, which costs a fifth of a training's time on a CPU. Weights
    move to the plain layer by `set_weights`, so nothing that is saved needs this class.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if keras.backend.backend() != "torch" or not training or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        import torch

        # PyTorch counts the share of the new value, Keras that of the old one.
        normalised = torch.nn.functional.batch_norm(
            torch.movedim(inputs, -1, 1),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            training=True,
            momentum=1.0 - self.momentum,
            eps=self.epsilon,
        )
        return torch.movedim(normalised, 1, -1)
