"""Texts and molecules to frozen feature vectors, cached on disk."""
