"""What all sources that are read over an API share.

- `session`: requests within limits, repeated where that may help, counted;
- `contract`: what a record must look like, and which fields are new;
- `streams`: dlt's REST resources into the tables of a workbench;
- `load`: a load from its lock to its last table, with the ledger;
- `summary`: what a load has done;
- `errors`: what refusals and silences mean.
"""
