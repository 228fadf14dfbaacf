"""The files of a new newsroom, which `distributor init` copies. Data only."""
