"""Web pages of subscribers, feeds, the API and the hooks of providers: one aiohttp application over the store."""
