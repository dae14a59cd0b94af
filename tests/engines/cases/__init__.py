"""One file for each engine of the catalog, named as the engine in lower case, with its `CASE`."""
