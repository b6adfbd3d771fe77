"""What a sweep leaves behind: records, their store, the export."""
