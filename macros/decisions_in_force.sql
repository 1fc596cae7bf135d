{#-
  Decisions that hold on from run to run (docs/decisions/0007): int_journey__current_decisions, in which a
  run replaces the decisions about the companies that were due.
-#}

{#-
  Whether an earlier run left decisions that may hold on, with all of these columns. With --full-refresh,
  and after an update that asks for another column, everything is decided anew.
-#}
{% macro has_earlier_decisions(columns) -%}
    {%- if not execute or is_simulation() -%}
        {{ return(true) }}
    {%- elif target.type != 'postgres' or begins_anew() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set node = graph.nodes['model.millrace.int_journey__current_decisions'] -%}
    {%- set standing = load_relation(
        api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)
    ) -%}
    {%- if standing is none -%}{{ return(false) }}{%- endif -%}
    {%- set found = adapter.get_columns_in_relation(standing) | map(attribute='name') | list -%}
    {{ return(columns | reject('in', found) | list | length == 0) }}
{%- endmacro %}

{#-
  The clock of what a model was built from: its own `as_of`, not that of who reads it. A view that says it
  changes in the very moment in which the rows of that model do.
-#}
{% macro built_as_of(name) -%} {{ adapter.dispatch('built_as_of')(ref(name)) }} {%- endmacro %}
{% macro default__built_as_of(relation) -%} {{ as_of() }} {%- endmacro %}
{% macro postgres__built_as_of(relation) -%}
    {%- if is_simulation() or relation.is_cte -%}
        {{ as_of() }}
    {%- else -%}
        (select as_of from ops.model_build where relation = '{{ relation.schema }}.{{ relation.identifier }}')
    {%- endif -%}
{%- endmacro %}

{#- Before int_journey__current_decisions: who builds it without what decides would give old decisions a new date. -#}
{% macro refuse_part_of_a_decision() -%}
    {%- if execute and not builds_all_inputs_of_the_log() -%}
        {{ exceptions.raise_compiler_error(
            'The decisions in force are written by the run that decides: they stay as they were.'
            ~ ' Run dbt build --select +company_journey.'
        ) }}
    {%- endif -%}
{%- endmacro %}
