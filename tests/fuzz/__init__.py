"""Hostile files, made by the benchmarks' own generator: regressions, and a fuzz target."""
