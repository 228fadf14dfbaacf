"""Every page of the web service, opened in a browser and checked: `make pages-check`."""
