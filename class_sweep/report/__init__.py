"""What a person reads: the live view and the closing tables."""
