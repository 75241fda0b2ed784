"""How fast a load is, beside dlt's own REST source and beside the limit without dlt."""
