"""From an edition to what its readers see: templates, inlining, plain text, posts. Pure but for reading templates."""
