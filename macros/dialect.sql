{#-
  Everything that PostgreSQL and Spark say differently, and nothing else (spec README.md, Past one
  machine). Models use these and dbt's own cross-database macros; `make lint` finds what slips by.
-#}

{#- The type of an instant (UTC). -#}
{% macro instant_type() -%} {{ adapter.dispatch('instant_type')() }} {%- endmacro %}
{% macro default__instant_type() -%} timestamptz {%- endmacro %}

{#- An exact decimal of any size. -#}
{% macro decimal_type() -%} {{ adapter.dispatch('decimal_type')() }} {%- endmacro %}
{% macro default__decimal_type() -%} numeric {%- endmacro %}

{#- Text compared by its bytes, whatever the collation of the server. -#}
{% macro bytewise(text) -%} {{ adapter.dispatch('bytewise')(text) }} {%- endmacro %}
{% macro default__bytewise(text) -%} ({{ text }}) collate "C" {%- endmacro %}

{#- Field `key` of a JSON object as text; null when absent or null. -#}
{% macro json_text(json, key) -%} {{ adapter.dispatch('json_text')(json, key) }} {%- endmacro %}
{% macro default__json_text(json, key) -%} ({{ json }} ->> '{{ key }}') {%- endmacro %}

{#- Whether a JSON object has the field `key`, be it null. -#}
{% macro json_has(json, key) -%} {{ adapter.dispatch('json_has')(json, key) }} {%- endmacro %}
{% macro default__json_has(json, key) -%} ({{ json }} ? '{{ key }}') {%- endmacro %}

{#- Whole 24-hour days from one instant to a later one. -#}
{% macro whole_days_between(earlier, later) -%}
    {{ adapter.dispatch('whole_days_between')(earlier, later) }}
{%- endmacro %}
{% macro default__whole_days_between(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }})) / 86400) as integer)
{%- endmacro %}

{#- Seconds from one instant to a later one, exact to the microsecond. -#}
{% macro seconds_between(earlier, later) -%} {{ adapter.dispatch('seconds_between')(earlier, later) }} {%- endmacro %}
{% macro default__seconds_between(earlier, later) -%}
    cast(extract(epoch from ({{ later }} - {{ earlier }})) as numeric)
{%- endmacro %}

{#- The day of an instant in UTC, whatever the session's time zone. -#}
{% macro utc_day(instant) -%} {{ adapter.dispatch('utc_day')(instant) }} {%- endmacro %}
{% macro default__utc_day(instant) -%} cast(({{ instant }}) at time zone 'UTC' as date) {%- endmacro %}

{#- The same day as text: 2026-03-31. -#}
{% macro utc_day_text(instant) -%} {{ adapter.dispatch('utc_day_text')(instant) }} {%- endmacro %}
{% macro default__utc_day_text(instant) -%} to_char(({{ instant }}) at time zone 'UTC', 'YYYY-MM-DD') {%- endmacro %}

{#-
  An aggregate: `value` of the last row, in the order of `order_by`, for which `condition` holds; null
  where it is null there, and where there is no such row. The order must be total.
-#}
{% macro last_of(value, order_by, condition='true') -%}
    {{ adapter.dispatch('last_of')(value, order_by, condition) }}
{%- endmacro %}
{% macro default__last_of(value, order_by, condition) -%}
    (array_agg({{ value }} order by {{ order_by | join(' desc, ') }} desc) filter (where {{ condition }}))[1]
{%- endmacro %}
{% macro spark__last_of(value, order_by, condition) -%}
    max_by({{ value }}, struct({{ order_by | join(', ') }})) filter (where {{ condition }})
{%- endmacro %}

{#-
  A text that is another one when the rows of a group are other ones (an aggregate): how many, the sum
  of their 64-bit hashes, and `version`. `columns` are texts, none of them null.
-#}
{% macro fingerprint_of(columns, version) -%}
    {{ adapter.dispatch('fingerprint_of')(columns, version) }}
{%- endmacro %}
{% macro default__fingerprint_of(columns, version) -%}
    concat(count(*), ' ', sum(hashtextextended(concat_ws(' ', {{ columns | join(', ') }}), 0)), ' {{ version }}')
{%- endmacro %}
{% macro spark__fingerprint_of(columns, version) -%}
    concat(
        count(*), ' ', sum(cast(xxhash64({{ columns | join(', ') }}) as decimal(38, 0))), ' {{ version }}'
    )
{%- endmacro %}

{#- The line of its CSV file that a seed's row came from (the header is line 1). -#}
{% macro file_line() -%} {{ adapter.dispatch('file_line')() }} {%- endmacro %}
{% macro default__file_line() -%} (row_number() over (order by ctid) + 1) {%- endmacro %}

{#- Text whose evaluation stops the statement with `sentence` (a SQL expression). -#}
{% macro refuse(sentence) -%} {{ adapter.dispatch('refuse')(sentence) }} {%- endmacro %}
{% macro default__refuse(sentence) -%} ops.refuse({{ sentence }}) {%- endmacro %}

{#- Wait until no other transaction holds the journey's lock; it is held to the end of this one. -#}
{% macro take_journey_lock() -%} {{ adapter.dispatch('take_journey_lock')() }} {%- endmacro %}
{% macro default__take_journey_lock() -%} select pg_advisory_xact_lock(5170002) {%- endmacro %}

{#-
  Round-robin over buckets that share managers, as one fold in one statement: (company_id, username).

  queue: relation (company_id, bucket_number, place), served in the order of place.
  members: relation (manager_number, bucket_number).
  managers: relation (manager_number, username, load, last_assigned_at), numbered from 1 without a
  gap in the bytewise order of username.
-#}
{% macro hand_out_in_turn(queue, members, managers) -%}
    {{ adapter.dispatch('hand_out_in_turn')(queue, members, managers) }}
{%- endmacro %}
{% macro default__hand_out_in_turn(queue, members, managers) %}
    select
        handed_out.company_id,
        {{ managers }}.username
    from (
        select
            array_agg(company_id order by place) as company_ids,
            ops.hand_out_in_turn(
                array_agg(bucket_number order by place),
                (select array_agg(manager_number order by bucket_number, manager_number) from {{ members }}),
                (select array_agg(bucket_number order by bucket_number, manager_number) from {{ members }}),
                (select array_agg(load order by manager_number) from {{ managers }}),
                (
                    select
                        array_agg(
                            coalesce(last_assigned_at, cast('-infinity' as timestamptz)) order by manager_number
                        )
                    from {{ managers }}
                ),
                {{ as_of() }}
            ) as manager_numbers
        from {{ queue }}
    ) as folded
    cross join lateral unnest(folded.company_ids, folded.manager_numbers)
        as handed_out (company_id, manager_number)
    inner join {{ managers }} on handed_out.manager_number = {{ managers }}.manager_number
{% endmacro %}

{#-
  Tell the planner, until the transaction ends, that this statement joins whole tables: it then never
  looks up row by row what it takes for a handful and what may be millions.
-#}
{% macro join_whole_tables() -%} {{ adapter.dispatch('join_whole_tables')() }} {%- endmacro %}
{% macro default__join_whole_tables() -%} set local enable_nestloop = off {%- endmacro %}
{% macro spark__join_whole_tables() -%} {%- endmacro %}
