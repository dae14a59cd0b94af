"""VQ Workbench: load a dataset, train codebooks and prototypes, watch them learn; this file holds the version alone."""

__version__ = "0.1.0"
