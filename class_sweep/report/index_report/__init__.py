"""The report of `class-sweep index`: terminal tables and an HTML page from the same facts."""
