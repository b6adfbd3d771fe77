"""The retrieval models, one module each, behind one interface."""
