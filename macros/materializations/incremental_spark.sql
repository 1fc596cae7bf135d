{#-
  Tables of plain files keep no constraints: dbt's contract and the tests prove them. dbt-spark would ask
  for them, since it takes a table of which no file format is said for one of Delta's.
-#}
{% macro spark__persist_constraints(relation, model) -%} {%- endmacro %}
