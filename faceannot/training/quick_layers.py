"""Layers that are Keras's own everywhere, and take PyTorch's kernels directly where that is the backend.

Keras 3 composes batch normalisation of single operations on PyTorch, and copies the input of each convolution twice to
turn its axes. Together that costs half of a training's time on a CPU. The layers for training have the same weights as
Keras's, move to them by `set_weights`, and are never saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers


@dataclass(frozen=True, slots=True)
class Kit:
    """The layers to build a network of: quick to train, or, to keep, ones that load with Keras alone."""

    for_training: bool

    def normalisation(self, name: str) -> Any:
        kind = QuickBatchNormalization if self.for_training else layers.BatchNormalization
        return kind(momentum=0.97, name=name)

    def convolution(self, width: int, kernel: int, **options: Any) -> Any:
        """Padding `same`; `options` go to `keras.layers.Conv2D`."""
        kind = QuickConv2D if self.for_training else layers.Conv2D
        return kind(width, kernel, padding="same", **options)

    def depthwise(self, kernel: int, **options: Any) -> Any:
        """Each channel by itself, padding `same`; `options` go to `keras.layers.DepthwiseConv2D`."""
        kind = QuickDepthwiseConv2D if self.for_training else layers.DepthwiseConv2D
        return kind(kernel, padding="same", **options)


class QuickBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """`keras.layers.BatchNormalization` over the last axis."""

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


class QuickConv2D(layers.Conv2D):  # type: ignore[misc]
    """`keras.layers.Conv2D` with padding `same`."""

    def call(self, inputs: Any) -> Any:
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        kernel = self.kernel.value.permute(3, 2, 0, 1)
        return self.activation(_convolved(inputs, kernel, self.bias, self.strides[0], groups=1))


class QuickDepthwiseConv2D(layers.DepthwiseConv2D):  # type: ignore[misc]
    """`keras.layers.DepthwiseConv2D` with padding `same` and one filter a channel."""

    def call(self, inputs: Any) -> Any:
        if keras.backend.backend() != "torch":
            return super().call(inputs)
        kernel = self.kernel.value.permute(2, 3, 0, 1)
        return self.activation(_convolved(inputs, kernel, self.bias, self.strides[0], groups=kernel.shape[0]))


def _convolved(inputs: Any, kernel: Any, bias: Any, stride: int, groups: int) -> Any:
    """`inputs` (n, height, width, channels) with `kernel` (out, in, size, size), padded as Keras and TensorFlow do."""
    import torch

    turned = torch.movedim(inputs, -1, 1)
    size = kernel.shape[-1]
    spare = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in turned.shape[2:]]
    padding: int | tuple[int, int] = (spare[0] // 2, spare[1] // 2)
    if any(pixels % 2 for pixels in spare):
        top, left = spare[0] // 2, spare[1] // 2
        turned = torch.nn.functional.pad(turned, (left, spare[1] - left, top, spare[0] - top))
        padding = 0
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    made = torch.nn.functional.conv2d(
        turned, kernel, None if bias is None else bias.value, stride=stride, padding=padding, groups=groups
    )
    return torch.movedim(made, 1, -1)
