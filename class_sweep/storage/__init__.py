"""Remote copies of results: object stores, shared paths and the lease of their writer."""
