"""What a trained model does with a puzzle, update by update."""
