"""Tests of `faceannot.balance`."""
