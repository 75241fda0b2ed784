"""The ledger: every edit, approval and write, in an SQLite file that only grows."""
