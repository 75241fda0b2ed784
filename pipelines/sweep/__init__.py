"""Stage 2: whole walks that prove what is stored, and find what Clio deleted."""
