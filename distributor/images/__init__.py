"""The pictures of an edition: fetched once, checked, resized to the size they are shown at, saved in a public folder."""
