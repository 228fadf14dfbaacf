"""The API for a CMS: JSON over HTTP, described in OpenAPI."""
