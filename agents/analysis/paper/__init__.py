"""What the AIR paper measured of a trained model: decoded rollouts, freezing and attention (arXiv 2605.17811)."""
