"""From articles to editions: when (schedule), what (selection), and the frozen answer (freezing, book)."""
