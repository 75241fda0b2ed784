"""Stage 4: snapshots for those who read: files that are whole, and the pointer to the newest."""
