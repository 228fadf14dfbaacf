"""The kinds of sources, one file each; the name of the file is the `type` in config.yaml."""
