"""The performance of generated projects. `make benchmark` measures it and writes docs/benchmarks.md."""
