"""The river's assets: what lands, what is decided, what is written back."""
