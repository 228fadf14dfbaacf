"""Who may use the API, and how often: tokens, rate limits, answers kept for a repeated request."""
