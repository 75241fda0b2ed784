"""Stage 1: from Clio's API into the raw schema, incrementally, exactly."""
