{#-
  Who may read what (spec marts.md). Grants are declared as dbt's `grants` in dbt_project.yml and are
  only ever added: what an administrator granted to somebody else stays. A role that the server does
  not have is passed over; `millrace doctor` says how to make it.
-#}

{% macro postgres__apply_grants(relation, grant_config, should_revoke=True) -%}
    {%- set wanted = {} -%}
    {%- for privilege, roles in (grant_config or {}).items() if roles -%}
        {%- set known = run_query(
            "select rolname from pg_roles where rolname in ('" ~ roles | join("', '") ~ "')"
        ).columns[0].values() -%}
        {%- if known -%}
            {%- do wanted.update({privilege: known | map('string') | list}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(default__apply_grants(relation, wanted, should_revoke=False)) }}
{%- endmacro %}

{#- Spark's own catalogue knows no roles; who may read is a matter of the files' store. -#}
{% macro spark__apply_grants(relation, grant_config, should_revoke=True) -%} {%- endmacro %}

{#- The schemas of what is granted, opened to those to whom it is granted. -#}
{% macro open_schemas_to_readers() -%}
    {%- set pairs = [] -%}
    {%- set writes = execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
    {%- for node in (graph.nodes.values() if writes else []) -%}
        {%- for role in node.config.get('grants', {}).get('select', []) -%}
            {%- do pairs.append("('" ~ node.schema ~ "', '" ~ role ~ "')") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if pairs and target.type == 'postgres' -%}
        {%- set closed = run_query(
            "select schema_name, role_name from (values " ~ pairs | unique | join(', ') ~ ") as pairs (schema_name, role_name)"
            ~ " inner join pg_roles on rolname = role_name"
            ~ " inner join pg_namespace on nspname = schema_name"
            ~ " where not has_schema_privilege(rolname, pg_namespace.oid, 'usage')"
        ).rows -%}
        {%- for schema_name, role_name in closed -%}
            grant usage on schema {{ adapter.quote(schema_name) }} to {{ adapter.quote(role_name) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- A seed keeps its table also with --full-refresh, unless its columns changed: views read it. -#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- set standing = adapter.get_columns_in_relation(old_relation) | map(attribute='name') | list -%}
    {%- set is_other_file = standing != (agate_table.column_names | list) -%}
    {{ return(default__reset_csv_table(model, full_refresh and is_other_file, old_relation, agate_table)) }}
{%- endmacro %}
