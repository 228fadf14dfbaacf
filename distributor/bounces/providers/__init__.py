"""Events of email providers: whether they come from the provider, and what they say. One module for each provider."""
