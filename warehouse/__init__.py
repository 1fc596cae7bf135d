"""The database: settings, the embedded PostgreSQL, connections and migrations."""
