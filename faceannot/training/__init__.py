"""Trains the models. The only part of the package that imports Keras."""
