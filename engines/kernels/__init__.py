"""Compiled kernels: nogil, cached, single-threaded, free of allocation; they know arrays and nothing else."""
