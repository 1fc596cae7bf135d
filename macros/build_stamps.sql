{#-
  Every relation is stamped with the run that built it, in the transaction that builds it. So a model
  that must not be made from the work of two runs at once can see whether it is.
-#}

{% macro stamp_build() -%} {{ adapter.dispatch('stamp_build')() }} {%- endmacro %}
{% macro default__stamp_build() -%} {%- endmacro %}
{% macro postgres__stamp_build() -%}
    insert into ops.model_build (relation, run_id, as_of, built_at)
    values ('{{ this.schema }}.{{ this.identifier }}', '{{ invocation_id }}', {{ as_of() }}, clock_timestamp())
    on conflict (relation) do update
    set run_id = excluded.run_id, as_of = excluded.as_of, built_at = excluded.built_at
{%- endmacro %}

{#-
  The planner's statistics of a table, in the transaction that builds it. A table without them counts as
  one of a few rows, and the next model takes minutes; autovacuum comes too late. They are of 3,000 rows:
  how many there are and what tells them apart is all that whole joins ask (`join_whole_tables`), and for a
  wide table the usual 30,000 took longer than to make it.
-#}
{% macro gather_statistics() -%} {{ adapter.dispatch('gather_statistics')() }} {%- endmacro %}
{% macro default__gather_statistics() -%} {%- endmacro %}
{% macro postgres__gather_statistics() -%}
    {%- if execute and not model.config.materialized.endswith('view') and is_largely_new() -%}
        set local default_statistics_target = 10;
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}

{#- Whether a tenth of the rows are of this run. Where fewer are, the statistics at hand will do. -#}
{% macro is_largely_new() -%}
    {%- if model.config.materialized != 'incremental' -%}{{ return(true) }}{%- endif -%}
    {%- set known_rows = run_query(
        "select reltuples from pg_class where oid = '" ~ this ~ "'::regclass"
    ).columns[0].values() | first -%}
    {{ return(load_result('main').response.rows_affected * 10 >= known_rows) }}
{%- endmacro %}

{#- Ids of the models and seeds that `model_id` is made from, whatever was selected. -#}
{% macro ancestors_of(model_id) -%}
    {%- set found = namespace(next=[model_id], ids=[]) -%}
    {%- for _ in range(graph.nodes | length if execute else 0) -%}
        {%- set level = found.next -%}
        {%- set found.next = [] -%}
        {%- for id in level -%}
            {%- for parent in graph.nodes[id].depends_on.nodes
                if parent.split('.')[0] in ('model', 'seed') and parent not in found.ids -%}
                {%- set found.ids = found.ids + [parent] -%}
                {%- set found.next = found.next + [parent] -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found.ids) }}
{%- endmacro %}

{#-
  Whether another run has built anything of what `model_id` is made from since this run built it (a SQL
  expression). The models hold the clock of the run that built them, so such a mixture decides nothing.
-#}
{% macro another_run_built_inputs_of(model_id) -%}
    {{ adapter.dispatch('another_run_built_inputs_of')(model_id) }}
{%- endmacro %}
{% macro default__another_run_built_inputs_of(model_id) -%} 1 = 0 {%- endmacro %}
{% macro postgres__another_run_built_inputs_of(model_id) -%}
    {%- set relations = [] -%}
    {%- for id in ancestors_of(model_id) if id in selected_resources -%}
        {%- do relations.append(graph.nodes[id].schema ~ '.' ~ graph.nodes[id].alias) -%}
    {%- endfor -%}
    exists (
        select 1 from ops.model_build
        where relation in ('{{ relations | join("', '") }}') and run_id <> '{{ invocation_id }}'
    )
{%- endmacro %}

{#- When a model was last built, by the server's clock, as the ledger of the syncs has it. -#}
{% macro built_at(name) -%} {{ adapter.dispatch('built_at')(ref(name)) }} {%- endmacro %}
{% macro default__built_at(relation) -%} {{ as_of() }} {%- endmacro %}
{% macro postgres__built_at(relation) -%}
    {%- if relation.is_cte -%}
        {{ as_of() }}
    {%- else -%}
        (select built_at from ops.model_build where relation = '{{ relation.schema }}.{{ relation.identifier }}')
    {%- endif -%}
{%- endmacro %}
