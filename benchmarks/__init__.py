"""How quick a generated project is. `make benchmark` runs all of this and writes docs/benchmarks.md."""
