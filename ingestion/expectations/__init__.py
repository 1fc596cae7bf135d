"""What is expected of the raw tables, where dbt does not look yet: checked with Great Expectations.

- `tables`: which tables, with their keys and types;
- `history`: what `ops.load_ledger` tells of them;
- `check`: `check_raw_tables` gives a finding for each table and aspect (`findings`);
- `report`: the findings as a page that a person can open.
"""
