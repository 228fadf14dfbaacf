"""What authors of channels and sources build with: HTTP, posts, files, feeds. A newsroom's own file may import all of it."""
