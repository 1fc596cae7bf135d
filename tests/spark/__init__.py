"""The same models on PostgreSQL and on a Spark cluster, compared row by row (`make test-spark`)."""
