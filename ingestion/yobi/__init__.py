"""Yobi: tenants, locations and what they did in a week, read over the API."""
