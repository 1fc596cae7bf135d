"""Checks against the vendors' API descriptions: `make test-contracts`."""
