"""When things run: Dagster over ingestion, models and activation."""
