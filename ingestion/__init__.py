"""From the sources into the raw schemas; nothing is decided here.

Each source is a folder. What others call:

- `ingestion.events.files.ingest_event_files`: event files, by path, folder, glob or URL;
- `ingestion.events.contract.read_event` and `ingestion.events.landing.land`: events from any other
  door, such as the HTTP collector;
- `ingestion.hubspot.landing.ingest_hubspot`: what HubSpot knows.

Whatever can be expected to go wrong is an `ingestion.errors.IngestionError`.
"""
