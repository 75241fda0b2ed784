"""The one HTTP edge for Clio Manage and Clio Grow."""
