"""Wild input for everything that reads what strangers send, for as long as one likes: `make fuzz`."""
