"""Everything that a person reads: facts become blocks, and blocks become output."""
