-- State: what was found in earlier weeks is carried over from this table's own previous content, which no
-- rebuild removes (macros/materializations/standing_table.sql).

with this_week as (

    select week_start from {{ ref('int_engagement__week') }}

),

found_before as (

    {% if this is string or has_earlier_rows() %}
        select
            week_start,
            kind,
            subject,
            severity,
            details
        from {{ this }}
    {% else %}
        select
            cast(null as {{ instant_type() }}) as week_start,
            cast(null as {{ api.Column.translate_type('string') }}) as kind,
            cast(null as {{ api.Column.translate_type('string') }}) as subject,
            cast(null as {{ api.Column.translate_type('string') }}) as severity,
            cast(null as {{ api.Column.translate_type('string') }}) as details
        where 1 = 0
    {% endif %}

)

select
    found_before.week_start,
    found_before.kind,
    found_before.subject,
    found_before.severity,
    found_before.details
from found_before
cross join this_week
where found_before.week_start <> this_week.week_start

union all

select
    week_start,
    kind,
    subject,
    severity,
    details
from {{ ref('int_engagement__findings') }}
