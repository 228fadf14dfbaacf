"""config.yaml: YAML with line numbers (yaml), types of settings (types), sections (schema), validation (validation)."""
