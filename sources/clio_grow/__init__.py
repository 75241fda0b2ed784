"""Clio Grow: its catalogue, what is decided about it, and the dlt source."""
