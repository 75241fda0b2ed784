"""Whole runs: faults, crashes, histories."""
