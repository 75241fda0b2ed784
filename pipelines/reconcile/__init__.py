"""Where Clio and the warehouse agree, where not, and why: `reconcile` and its evidence package."""
