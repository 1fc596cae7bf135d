"""Building the decisions with dbt, and asking them questions."""
