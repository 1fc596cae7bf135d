"""Tests of what is done with the models: replaying, simulating."""
