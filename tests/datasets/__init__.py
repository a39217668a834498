"""Tests of the source readers, on small data in the real formats."""
