"""HubSpot: its companies, read over the API."""
