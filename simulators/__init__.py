"""Local stand-ins for the vendors, for tests, the demo and benchmarks; nothing else imports them."""
