"""Lists of subscribers and suppressions as CSV files."""
