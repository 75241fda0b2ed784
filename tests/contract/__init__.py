"""The simulator against Clio's own document, and what both must do."""
