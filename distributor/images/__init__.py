"""The pictures of an edition: fetched once, checked, made as large as they are shown, laid into a public folder."""
