"""Where a sweep's Ray is: an instance of its own or a cluster, its nodes, and what they hold."""
