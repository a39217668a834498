"""Measurements, each a script of its own; a package, so that no installed one of this name is taken for it."""
