"""Tests of the command line, by running the command."""
