"""The same models past one machine: raw tables as files, and a Spark that builds from them."""
