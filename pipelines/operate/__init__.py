"""What an operator runs around the stages."""
