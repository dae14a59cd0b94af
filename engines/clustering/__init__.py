"""k-means and its kin: prototypes that minimise the squared distance to their rows, at once or in batches."""
