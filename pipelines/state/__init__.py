"""The `meta` schema: what the tool knows beside the records themselves."""
