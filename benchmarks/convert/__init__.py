"""Public data sets -> the files that procqa evaluates: one command each, `python -m benchmarks.convert.NAME`."""
