"""The recurrent Transformer and its parts: AIR, its variants, HRM and TRM."""
