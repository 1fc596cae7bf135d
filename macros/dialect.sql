{#-
  Everything that PostgreSQL and Spark say differently, and nothing else (spec README.md, Past one
  machine). Models use these and dbt's own cross-database macros; `make lint` finds what slips by.
-#}

{#- The type of an instant (UTC). -#}
{% macro instant_type() -%} {{ adapter.dispatch('instant_type')() }} {%- endmacro %}
{% macro default__instant_type() -%} timestamptz {%- endmacro %}
{% macro spark__instant_type() -%} timestamp {%- endmacro %}

{#- An exact decimal: of any size, in Spark of 26 digits before the point and 12 after it. -#}
{% macro decimal_type() -%} {{ adapter.dispatch('decimal_type')() }} {%- endmacro %}
{% macro default__decimal_type() -%} numeric {%- endmacro %}
{% macro spark__decimal_type() -%} decimal(38, 12) {%- endmacro %}

{#- An exact decimal as text, without zeros at its end: 166.67 and 50. -#}
{% macro decimal_text(number) -%} {{ adapter.dispatch('decimal_text')(number) }} {%- endmacro %}
{% macro default__decimal_text(number) -%} cast(trim_scale({{ number }}) as text) {%- endmacro %}
{% macro spark__decimal_text(number) -%} format_number({{ number }}, '0.############') {%- endmacro %}

{#- Text compared by its bytes, whatever the collation of the server. -#}
{% macro bytewise(text) -%} {{ adapter.dispatch('bytewise')(text) }} {%- endmacro %}
{% macro default__bytewise(text) -%} ({{ text }}) collate "C" {%- endmacro %}
{% macro spark__bytewise(text) -%} ({{ text }}) collate utf8_binary {%- endmacro %}

{#- Field `key` of a JSON object as text, numbers as they are written; null when absent or null. Spark keeps JSON as text. -#}
{% macro json_text(json, key) -%} {{ adapter.dispatch('json_text')(json, key) }} {%- endmacro %}
{% macro default__json_text(json, key) -%} ({{ json }} ->> '{{ key }}') {%- endmacro %}
{% macro spark__json_text(json, key) -%} from_json({{ json }}, 'map<string, string>')['{{ key }}'] {%- endmacro %}

{#- Whether a JSON object has the field `key`, be it null. -#}
{% macro json_has(json, key) -%} {{ adapter.dispatch('json_has')(json, key) }} {%- endmacro %}
{% macro default__json_has(json, key) -%} ({{ json }} ? '{{ key }}') {%- endmacro %}
{% macro spark__json_has(json, key) -%} array_contains(json_object_keys({{ json }}), '{{ key }}') {%- endmacro %}

{#- Whole 24-hour days from one instant to a later one. -#}
{% macro whole_days_between(earlier, later) -%}
    {{ adapter.dispatch('whole_days_between')(earlier, later) }}
{%- endmacro %}
{% macro default__whole_days_between(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }})) / 86400) as integer)
{%- endmacro %}
{% macro spark__whole_days_between(earlier, later) -%}
    cast(floor((unix_micros({{ later }}) - unix_micros({{ earlier }})) / 86400000000) as integer)
{%- endmacro %}

{#- Seconds from one instant to a later one, exact to the microsecond. -#}
{% macro seconds_between(earlier, later) -%} {{ adapter.dispatch('seconds_between')(earlier, later) }} {%- endmacro %}
{% macro default__seconds_between(earlier, later) -%}
    cast(extract(epoch from ({{ later }} - {{ earlier }})) as numeric)
{%- endmacro %}
{% macro spark__seconds_between(earlier, later) -%}
    cast((unix_micros({{ later }}) - unix_micros({{ earlier }})) * 0.000001 as decimal(38, 12))
{%- endmacro %}

{#- The day of an instant in UTC, whatever the session's time zone. -#}
{% macro utc_day(instant) -%} {{ adapter.dispatch('utc_day')(instant) }} {%- endmacro %}
{% macro default__utc_day(instant) -%} cast(({{ instant }}) at time zone 'UTC' as date) {%- endmacro %}
{% macro spark__utc_day(instant) -%} cast(to_utc_timestamp({{ instant }}, current_timezone()) as date) {%- endmacro %}

{#- The same day as text: 2026-03-31. -#}
{% macro utc_day_text(instant) -%} {{ adapter.dispatch('utc_day_text')(instant) }} {%- endmacro %}
{% macro default__utc_day_text(instant) -%} to_char(({{ instant }}) at time zone 'UTC', 'YYYY-MM-DD') {%- endmacro %}
{% macro spark__utc_day_text(instant) -%} cast({{ spark__utc_day(instant) }} as string) {%- endmacro %}

{#- An instant as text, to the minute and in UTC: 2026-03-31 06:00 UTC. -#}
{% macro utc_minute_text(instant) -%} {{ adapter.dispatch('utc_minute_text')(instant) }} {%- endmacro %}
{% macro default__utc_minute_text(instant) -%}
    to_char(({{ instant }}) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
{%- endmacro %}
{% macro spark__utc_minute_text(instant) -%}
    (date_format(to_utc_timestamp({{ instant }}, current_timezone()), 'yyyy-MM-dd HH:mm') || ' UTC')
{%- endmacro %}

{#- Every place of `text` that a regular expression matches, replaced. -#}
{% macro replace_all(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_all')(text, pattern, replacement) }}
{%- endmacro %}
{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- The day of an instant in a zone (an IANA name). -#}
{% macro local_day(instant, zone) -%} {{ adapter.dispatch('local_day')(instant, zone) }} {%- endmacro %}
{% macro default__local_day(instant, zone) -%} cast(({{ instant }}) at time zone '{{ zone }}' as date) {%- endmacro %}
{% macro spark__local_day(instant, zone) -%} cast(from_utc_timestamp({{ instant }}, '{{ zone }}') as date) {%- endmacro %}

{#- The first instant of a day in a zone. -#}
{% macro start_of_local_day(day, zone) -%} {{ adapter.dispatch('start_of_local_day')(day, zone) }} {%- endmacro %}
{% macro default__start_of_local_day(day, zone) -%} (cast({{ day }} as timestamp) at time zone '{{ zone }}') {%- endmacro %}
{% macro spark__start_of_local_day(day, zone) -%}
    to_utc_timestamp(cast({{ day }} as timestamp), '{{ zone }}')
{%- endmacro %}

{#- Days since Sunday, from 0 to 6. -#}
{% macro days_since_sunday(day) -%} {{ adapter.dispatch('days_since_sunday')(day) }} {%- endmacro %}
{% macro default__days_since_sunday(day) -%} cast(extract(dow from {{ day }}) as integer) {%- endmacro %}
{% macro spark__days_since_sunday(day) -%} (dayofweek({{ day }}) - 1) {%- endmacro %}

{#- A day so many days later, or earlier. -#}
{% macro days_later(day, days) -%} {{ adapter.dispatch('days_later')(day, days) }} {%- endmacro %}
{% macro default__days_later(day, days) -%} ({{ day }} + ({{ days }})) {%- endmacro %}
{% macro spark__days_later(day, days) -%} date_add({{ day }}, {{ days }}) {%- endmacro %}

{#- A day as text: 2026-03-31. -#}
{% macro day_text(day) -%} {{ adapter.dispatch('day_text')(day) }} {%- endmacro %}
{% macro default__day_text(day) -%} to_char({{ day }}, 'YYYY-MM-DD') {%- endmacro %}
{% macro spark__day_text(day) -%} cast({{ day }} as string) {%- endmacro %}

{#- An aggregate: the values of a group as a JSON array, in the order of `order_by`. -#}
{% macro json_list(text, order_by) -%} {{ adapter.dispatch('json_list')(text, order_by) }} {%- endmacro %}
{% macro default__json_list(text, order_by) -%} jsonb_agg({{ text }} order by {{ order_by }}) {%- endmacro %}
{% macro spark__json_list(text, order_by) -%} to_json(array_sort(collect_list({{ text }}))) {%- endmacro %}

{#- A JSON object of SQL expressions by key. -#}
{% macro json_object(pairs) -%} {{ adapter.dispatch('json_object')(pairs) }} {%- endmacro %}
{% macro default__json_object(pairs) -%}
    jsonb_build_object(
        {%- for key, expression in pairs.items() %}'{{ key }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}
{% macro spark__json_object(pairs) -%}
    to_json(named_struct(
        {%- for key, expression in pairs.items() %}'{{ key }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor -%}
    ))
{%- endmacro %}

{#- The type of JSON that is kept. -#}
{% macro json_type() -%} {{ adapter.dispatch('json_type')() }} {%- endmacro %}
{% macro default__json_type() -%} jsonb {%- endmacro %}
{% macro spark__json_type() -%} string {%- endmacro %}

{#-
  Whether `column` is one of the few values that `key` has in the relation or CTE `of`. PostgreSQL then
  reads by an index on the column; where the values are many, a join is faster.
-#}
{% macro is_one_of_few(column, key, of) -%} {{ adapter.dispatch('is_one_of_few')(column, key, of) }} {%- endmacro %}
{% macro default__is_one_of_few(column, key, of) -%}
    {{ column }} = any(array(select {{ key }} from {{ of }}))
{%- endmacro %}
{% macro spark__is_one_of_few(column, key, of) -%} {{ column }} in (select {{ key }} from {{ of }}) {%- endmacro %}

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
{% macro spark__file_line() -%}
    (row_number() over (order by _metadata.file_modification_time, _metadata.row_index) + 1)
{%- endmacro %}

{#- Text whose evaluation stops the statement with `sentence` (a SQL expression). -#}
{% macro refuse(sentence) -%} {{ adapter.dispatch('refuse')(sentence) }} {%- endmacro %}
{% macro default__refuse(sentence) -%} ops.refuse({{ sentence }}) {%- endmacro %}
{% macro spark__refuse(sentence) -%} raise_error({{ sentence }}) {%- endmacro %}

{#- Wait until no other transaction holds the journey's lock; it is held to the end of this one. Spark has no such thing. -#}
{% macro take_journey_lock() -%} {{ adapter.dispatch('take_journey_lock')() }} {%- endmacro %}
{% macro default__take_journey_lock() -%} select pg_advisory_xact_lock(5170002) {%- endmacro %}
{% macro spark__take_journey_lock() -%} {%- endmacro %}

{#-
  Round-robin over buckets that share managers, as one fold in one statement: (place, username).

  queue: relation (place, bucket_number), served in the order of place.
  members: relation (manager_number, bucket_number).
  managers: relation (manager_number, username, load, last_assigned_at), numbered from 1 without a
  gap, in the bytewise order of username within a department.
-#}
{% macro hand_out_in_turn(queue, members, managers) -%}
    {{ adapter.dispatch('hand_out_in_turn')(queue, members, managers) }}
{%- endmacro %}
{% macro default__hand_out_in_turn(queue, members, managers) %}
    select
        handed_out.place,
        {{ managers }}.username
    from (
        select
            array_agg(place order by place) as places,
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
    cross join lateral unnest(folded.places, folded.manager_numbers)
        as handed_out (place, manager_number)
    inner join {{ managers }} on handed_out.manager_number = {{ managers }}.manager_number
{% endmacro %}

{#-
  A fold within a fold: over chunks of turns, and over the turns of a chunk. What has been handed out is
  kept in an array, which each step copies; with chunks of growing length (the square roots of the places)
  that stays cheap. `transform(array(x), name -> ...)[0]` gives the value `x` a name.
-#}
{% macro spark__hand_out_in_turn(queue, members, managers) %}
    {%- set handed_out_type = 'array<struct<place: int, manager_number: int>>' %}
    select
        handed_out.place,
        {{ managers }}.username
    from (
        select
            inline(
                aggregate(
                    array_sort(chunks.chunks),
                    named_struct(
                        'managers', at_first.managers,
                        'handed_out', cast(array() as array<{{ handed_out_type }}>)
                    ),
                    (so_far, chunk) -> transform(
                        array(
                            aggregate(
                                chunk.turns,
                                named_struct(
                                    'managers', so_far.managers,
                                    'handed_out', cast(array() as {{ handed_out_type }})
                                ),
                                (state, turn) -> transform(
                                    -- The fewest companies, then the longest not assigned (never is null,
                                    -- which comes first), then the first by username.
                                    array(array_min(transform(turn.members, number -> state.managers[number - 1]))),
                                    chosen -> named_struct(
                                        'managers',
                                        transform(
                                            state.managers,
                                            manager -> if(
                                                manager.manager_number = chosen.manager_number,
                                                named_struct(
                                                    'load', chosen.load + 1,
                                                    'last_assigned_at', {{ as_of() }},
                                                    'manager_number', chosen.manager_number
                                                ),
                                                manager
                                            )
                                        ),
                                        'handed_out',
                                        array_append(
                                            state.handed_out,
                                            named_struct(
                                                'place', turn.place,
                                                'manager_number', chosen.manager_number
                                            )
                                        )
                                    )
                                )[0]
                            )
                        ),
                        done -> named_struct(
                            'managers', done.managers,
                            'handed_out', array_append(so_far.handed_out, done.handed_out)
                        )
                    )[0],
                    so_far -> flatten(so_far.handed_out)
                )
            )
        from (
            select collect_list(struct(chunk_number, turns)) as chunks
            from (
                select
                    chunk_number,
                    array_sort(collect_list(struct(place, members))) as turns
                from (
                    select
                        {{ queue }}.place,
                        members_of_bucket.members,
                        cast(sqrt({{ queue }}.place) as int) as chunk_number
                    from {{ queue }}
                    inner join (
                        select bucket_number, collect_list(manager_number) as members
                        from {{ members }}
                        group by bucket_number
                    ) as members_of_bucket
                        on {{ queue }}.bucket_number = members_of_bucket.bucket_number
                ) as numbered
                group by chunk_number
            ) as chunked
        ) as chunks
        cross join (
            select
                transform(
                    array_sort(collect_list(struct(manager_number, load, last_assigned_at))),
                    manager -> named_struct(
                        'load', manager.load,
                        'last_assigned_at', manager.last_assigned_at,
                        'manager_number', manager.manager_number
                    )
                ) as managers
            from {{ managers }}
        ) as at_first
    ) as handed_out
    inner join {{ managers }} on handed_out.manager_number = {{ managers }}.manager_number
{% endmacro %}

{#-
  Tell the planner, until the transaction ends, that this statement joins whole tables: it then never
  looks up row by row what it takes for a handful and what may be millions.
-#}
{% macro join_whole_tables() -%} {{ adapter.dispatch('join_whole_tables')() }} {%- endmacro %}
{% macro default__join_whole_tables() -%} set local enable_nestloop = off {%- endmacro %}
{% macro spark__join_whole_tables() -%} {%- endmacro %}
