"""Images of an edition: fetched once, checked, resized to the size at which they are shown, saved in a public folder."""
