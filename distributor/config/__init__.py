"""config.yaml: read as YAML with the line of every key (yaml), as types of settings (types), as checked values (schema)."""
