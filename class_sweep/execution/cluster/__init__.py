"""The Ray of a sweep: a local instance or a joined cluster, its nodes and their software."""
