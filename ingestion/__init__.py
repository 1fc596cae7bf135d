"""From the sources into the raw schemas."""
