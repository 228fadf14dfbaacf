"""The files of a new newsroom, as `distributor init` lays them down. Data only."""
