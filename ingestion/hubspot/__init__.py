"""HubSpot: its records, associations, owners and properties, read over the API."""
