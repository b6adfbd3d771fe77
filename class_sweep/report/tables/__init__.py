"""What the commands print, one file for each kind of facts: facts to blocks."""
