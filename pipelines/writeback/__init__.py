"""The way back: edits, plans, approvals and pushes of what people approved."""
