"""How agents learn: runs in folders, their callbacks, and imitation of experts."""
