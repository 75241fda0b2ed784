"""Clio as a source: what is known of its products, and nothing of the warehouse."""
