"""Compares two stages: benchmarks and service, old and new runs interleaved."""
