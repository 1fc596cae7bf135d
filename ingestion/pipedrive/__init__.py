"""Pipedrive: deals with their flows, pipelines, stages, users, organizations, over the API."""
