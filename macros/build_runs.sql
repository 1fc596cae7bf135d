{#-
  The record of the runs that were to decide the company journey (spec journey.md, Metrics): the table
  ops.build_run. Its row is written in the transaction that writes the log, so that the two cannot
  differ; the end of the run adds what is known only then, or tells why nothing was decided.
-#}

{#- Before the log's model, in its transaction: take the journey's lock and note how long that took. -#}
{% macro wait_for_the_journey_lock() -%} {{ adapter.dispatch('wait_for_the_journey_lock')() }} {%- endmacro %}
{% macro default__wait_for_the_journey_lock() -%} {{ take_journey_lock() }} {%- endmacro %}
{% macro postgres__wait_for_the_journey_lock() -%}
    {#- One message to the server, so that statement_timestamp() is when it asked for the lock. -#}
    {{ take_journey_lock() }};
    select set_config(
        'millrace.lock_wait_seconds',
        cast(extract(epoch from clock_timestamp() - statement_timestamp()) as text),
        true
    )
{%- endmacro %}

{#- After the log's model, in its transaction: this run has decided. -#}
{% macro record_the_decision() -%} {{ adapter.dispatch('record_the_decision')() }} {%- endmacro %}
{% macro default__record_the_decision() -%} {%- endmacro %}
{% macro postgres__record_the_decision() -%}
    {%- if execute and builds_all_inputs_of_the_log() -%}
        insert into ops.build_run (
            run_id, as_of, started_at, outcome, companies, cs_error_companies, log_rows, lock_wait_seconds
        )
        select
            '{{ invocation_id }}',
            {{ as_of() }},
            cast('{{ run_started_at.isoformat() }}' as timestamptz),
            'decided',
            count(*),
            count(*) filter (where cs_stage = 'cs_error' and cs_stage_rule <> 'churn_without_manager'),
            {{ load_result('main')['response'].rows_affected }},
            cast(current_setting('millrace.lock_wait_seconds') as numeric)
        from (
            select skip_reason, cs_stage, cs_stage_rule
            from {{ ref('int_journey__decisions') }}
            union all
            select skip_reason, cs_stage, cs_stage_rule
            from {{ ref('int_journey__earlier_decisions') }}
            where company_id not in (select company_id from {{ ref('int_journey__due_companies') }})
        ) as decisions
        where skip_reason is null
    {%- endif -%}
{%- endmacro %}

{#- on-run-end: `results` are dbt's. Older rows than var `build_run_days` go. -#}
{% macro record_the_run(results) -%} {{ adapter.dispatch('record_the_run')(results) }} {%- endmacro %}
{% macro default__record_the_run(results) -%} {%- endmacro %}
{% macro postgres__record_the_run(results) -%}
    {%- if execute
        and flags.WHICH in ('build', 'run')
        and journey_log_id() in selected_resources
        and builds_all_inputs_of_the_log() -%}
        {%- set log = results | selectattr('node.unique_id', 'equalto', journey_log_id()) | list -%}
        {%- set refusal = refusal_in(log[0].message if log else none) -%}
        {%- set message = refusal or names_of_failed(results) -%}
        {%- if log and log[0].status == 'success' %}
            update ops.build_run
            set
                ended_at = clock_timestamp(),
                journey_seconds = {{ seconds_of_the_journey(results) }},
                message = {{ text_or_null(message) }}
            where run_id = '{{ invocation_id }}';
        {%- else %}
            {{ insert_undecided_run('refused' if refusal else 'failed', message) }};
        {%- endif %}
        delete from ops.build_run
        where started_at < clock_timestamp() - interval '{{ var("build_run_days") }} days';
    {%- endif -%}
{%- endmacro %}

{#- Now, whatever becomes of the run: it was refused before its first model. -#}
{% macro record_a_refusal(sentence) -%} {{ adapter.dispatch('record_a_refusal')(sentence) }} {%- endmacro %}
{% macro default__record_a_refusal(sentence) -%} {%- endmacro %}
{% macro postgres__record_a_refusal(sentence) -%}
    {%- call statement('record_a_refusal', auto_begin=False) -%}
        {{ insert_undecided_run('refused', sentence) }};
        commit
    {%- endcall -%}
{%- endmacro %}

{% macro insert_undecided_run(outcome, message) -%}
    insert into ops.build_run (run_id, as_of, started_at, ended_at, outcome, message)
    values (
        '{{ invocation_id }}',
        {{ as_of() }},
        cast('{{ run_started_at.isoformat() }}' as timestamptz),
        clock_timestamp(),
        '{{ outcome }}',
        {{ text_or_null(message or 'The run ended before it came to the log.') }}
    )
    on conflict (run_id) do nothing
{%- endmacro %}

{#- The sentence of a statement that ops.refuse stopped; none for every other error. -#}
{% macro refusal_in(message) -%}
    {%- set found = modules.re.search('\n *([^ \n][^\n]*?) *\n *CONTEXT: +PL/pgSQL function ops[.]refuse', message or '') -%}
    {{ return(found.group(1) if found else none) }}
{%- endmacro %}

{#- What failed, by name: what dbt says of a node may quote rows. None when nothing did. -#}
{% macro names_of_failed(results) -%}
    {%- set names = [] -%}
    {%- for result in results if result.status in ('error', 'fail', 'runtime error') -%}
        {%- do names.append(result.node.name) -%}
    {%- endfor -%}
    {%- if not names -%}{{ return(none) }}{%- endif -%}
    {{ return(
        'Failed: ' ~ (names | sort)[:5] | join(', ')
        ~ (' and ' ~ (names | length - 5) ~ ' more' if names | length > 5 else '')
        ~ '. The output of dbt says why.'
    ) }}
{%- endmacro %}

{#-
  Seconds from the beginning of the first model that the log is made from to the end of the last of the
  journey's, the tests between them included.
-#}
{% macro seconds_of_the_journey(results) -%}
    {%- set ids = ancestors_of(journey_log_id()) -%}
    {%- set begun, ended = [], [] -%}
    {%- for result in results
        if result.node.resource_type in ('model', 'seed')
        and (result.node.unique_id in ids or result.node.fqn[1:3] == ['marts', 'journey']) -%}
        {%- for step in result.timing if step.started_at and step.completed_at -%}
            {%- do begun.append(step.started_at) -%}
            {%- do ended.append(step.completed_at) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(((ended | max) - (begun | min)).total_seconds() | round(3)) }}
{%- endmacro %}

{% macro text_or_null(text) -%}
    {%- if text is none -%} null {%- else -%} '{{ dbt.escape_single_quotes(text) }}' {%- endif -%}
{%- endmacro %}
