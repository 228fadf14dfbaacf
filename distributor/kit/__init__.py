"""What authors of channels and sources build with: HTTP, posts, files, feeds, articles. All of it is public."""
