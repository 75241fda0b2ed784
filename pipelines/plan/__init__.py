"""Stage 5: proposals frozen into a plan, guarded, and approved by people."""
