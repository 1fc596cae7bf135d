"""The same models past one machine: raw tables as files, and Spark to build from them (docs/spark.md)."""
