"""Encoders of texts and molecules: feature vectors, token states and graphs, cached on disk."""
