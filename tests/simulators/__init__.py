"""The stand-ins for the vendors, tested without the vendors' API descriptions."""
