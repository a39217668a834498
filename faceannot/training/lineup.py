"""Trains several recipes on the same data, each into a folder of its own; what is finished stays as it is."""

from __future__ import annotations

import keras

from faceannot.bundle import DESCRIPTION, load_bundle
from faceannot.training.epochs import Tell
from faceannot.training.material import gather
from faceannot.training.run import Order, train
from faceannot.training.workplace import begin


def train_unless_finished(order: Order, tell: Tell) -> bool:
    """Train what `order` wants, or go on with it if it says so; gives whether there was anything left to do.

    Raises `UsageError` where another recipe, or other data, made what is there.
    """
    if order.resume and (order.out / DESCRIPTION).is_file():
        material = gather(order.data, order.crops, load_bundle(order.model).detector)
        begin(order.out, order.recipe, material.described(), overwrite=False, products=[])
        return False
    train(order, tell)
    # Keras keeps the names of all layers, and on some backends their graphs.
    keras.utils.clear_session()
    return True
