"""What a release needs before it leaves: ``make release-check``."""
