"""The command `millrace`: one module per group of commands, nothing decided here."""
