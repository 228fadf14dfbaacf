"""The files of a new newsroom, which `distributor init` copies, and config.yaml filled in with the answers of staff."""
