"""Learning vector quantization: labelled prototypes and learned metrics."""
