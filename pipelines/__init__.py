"""The warehouse and the process: what happens to Clio's data, stage by stage."""
