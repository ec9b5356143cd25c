"""Damaged and hostile files: every one must end in an error of ours, or in a model."""
