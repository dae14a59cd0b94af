"""Quantizers whose code is several indices: products, residuals and hierarchies of small codebooks."""
