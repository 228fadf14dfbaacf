"""Articles in the store: recognised by their keys, matched with what is stored, flagged by staff, corrected, searched."""
