"""Events: the contract, the raw tables they land in, and the file door."""
