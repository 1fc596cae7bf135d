"""Local stand-ins for the vendors: for tests, the demo and benchmarks, and for nothing else."""
