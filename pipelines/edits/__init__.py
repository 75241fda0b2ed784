"""Proposals of corrections: where they come from, what they may say, and what they rest on."""
