"""Stage 6: approved edits to Clio, each guarded by the version that was approved."""
