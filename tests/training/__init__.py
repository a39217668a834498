"""Tests of the trainings, on data that take seconds."""
