"""Rendering: emails, web pages and posts of an edition, from templates. Pure but for reading templates."""
