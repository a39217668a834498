"""Makes the bundled detector: labels, mosaics, network, losses, training."""
