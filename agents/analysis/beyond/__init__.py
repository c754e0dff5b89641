"""What the AIR paper did not measure, through the same tracer."""
