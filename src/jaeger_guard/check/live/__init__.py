"""Asking a live endpoint what it gives to strangers; nothing of it is personal data, or stays there."""
