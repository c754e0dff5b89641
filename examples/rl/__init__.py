"""Short scripts that learn these environments, one algorithm each."""
