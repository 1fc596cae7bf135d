{#-
  The journey's log is state, not a derivation (spec journey.md, Writes): it is made once, before the
  first model runs, so that models can read what was decided before, and is never dropped.
-#}

{% macro journey_log() -%}
    {{ return(api.Relation.create(
        database=target.get('database'),
        schema=generate_schema_name('journey', none) | trim,
        identifier='company_change_log',
        type='table',
    )) }}
{%- endmacro %}

{% macro journey_log_id() -%} {{ return('model.millrace.company_change_log') }} {%- endmacro %}

{% macro create_journey_log() -%}
    {%- set log = journey_log() -%}
    {%- if execute
        and flags.WHICH in ('build', 'run', 'test', 'seed', 'snapshot')
        and load_relation(log) is none -%}
        {%- do adapter.create_schema(log) -%}
        {%- set text = api.Column.translate_type('string') -%}
        {%- set lock = take_journey_lock() | trim -%}
        {%- call statement('create_journey_log', auto_begin=False) -%}
            {% if lock %}{{ lock }};{% endif %}
            create table if not exists {{ log }} (
                change_id bigint not null,
                company_id {{ text }} not null,
                field {{ text }} not null,
                old_value {{ text }},
                new_value {{ text }},
                changed_at {{ instant_type() }} not null,
                rule {{ text }} not null,
                assignment_reason {{ text }},
                source_event_id {{ text }},
                run_id {{ text }} not null
            )
        {%- endcall -%}
        {#- dbt listed the relations before this hook ran. -#}
        {%- do adapter.cache_added(log) -%}
    {%- endif -%}
{%- endmacro %}

{#- A decision never goes back in time: such a run stops before it has changed anything. -#}
{% macro refuse_a_run_before_the_last_decision() -%}
    {%- if execute
        and flags.WHICH in ('build', 'run')
        and journey_log_id() in selected_resources
        and load_relation(journey_log()) is not none -%}
        {%- set later = run_query(
            "select max(changed_at) as latest from " ~ journey_log() ~ " where changed_at > " ~ as_of()
        ).columns[0].values() | first -%}
        {%- if later is not none -%}
            {%- set sentence -%}
                as_of is {{ as_of_text() }}, but company_change_log already holds decisions of {{ later }}. Decide at that time or later; nothing was written.
            {%- endset -%}
            {%- do record_a_refusal(sentence) -%}
            {{ exceptions.raise_compiler_error(sentence) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#-
  Whether this run builds everything that a decision is made from. The models hold the clock of the run
  that built them: a run of only some of them would decide from the events of another `as_of`. Such a
  run decides nothing; the log stays as it is.
-#}
{% macro builds_all_inputs_of_the_log() -%}
    {%- set missing = [] -%}
    {%- for id in ancestors_of(journey_log_id())
        if id.startswith('model.') and id not in selected_resources -%}
        {%- do missing.append(id) -%}
    {%- endfor -%}
    {{ return(missing | length == 0) }}
{%- endmacro %}

{#-
  Before company_journey_changes is added to: it keeps the rows of runs that the log holds, and none with
  --full-refresh. Readers see the old rows until the new ones are committed.
-#}
{% macro keep_rows_of_logged_runs() -%}
    {%- if execute and target.type == 'postgres' and load_relation(this) is not none -%}
        delete from {{ this }}
        {%- if not flags.FULL_REFRESH %}
        where run_id not in (select run_id from {{ journey_log() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
