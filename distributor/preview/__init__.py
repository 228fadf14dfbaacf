"""Preview: the local page that shows staff everything of an edition before it goes out."""
