{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

with occurrences as (

    select * from {{ ref('int_alerts__occurrences') }}

),

alerts as (

    select
        alert_id,
        topic,
        subject,
        occasion,
        min(kind) as kind,
        count(*) as occurrences,
        sum(case when kind = 'not_stuck' then 1 else 0 end) as not_stuck,
        min(occurred_at) as raised_at
    from occurrences
    group by alert_id, topic, subject, occasion

),

items as (

    select
        alert_id,
        item,
        row_number() over (partition by alert_id order by {{ bytewise('item') }}) as place
    from occurrences
    group by alert_id, item

),

named as (

    select
        alert_id,
        count(*) as items,
        {{ dbt.listagg(
            measure="case when place <= 5 then item end",
            delimiter_text="', '",
            order_by_clause="order by place",
        ) }} as first_items
    from items
    group by alert_id

),

reasons as (

    select
        alert_id,
        reason,
        row_number() over (partition by alert_id order by count(*) desc, {{ bytewise('reason') }}) as place
    from occurrences
    where reason is not null
    group by alert_id, reason

),

counted as (

    select
        alerts.*,
        reasons.reason,
        named.items,
        named.first_items || case when named.items > 5 then ' and ' || (named.items - 5) || ' more' else '' end
            as items_named
    from alerts
    inner join named on alerts.alert_id = named.alert_id
    left join reasons
        on
            alerts.alert_id = reasons.alert_id
            and reasons.place = 1

)

select
    alert_id,
    topic,
    raised_at,
    case topic
        when 'parked'
            then
                items || case when items = 1 then ' row of ' else ' rows of ' end
                || subject || ' refused again and again'
        when 'unsure'
            then
                items || case when items = 1 then ' message of ' else ' messages of ' end
                || subject || ' may not have arrived'
        when 'run'
            then subject || case when kind = 'stopped' then ' was stopped by a guard' else ' failed' end
        when 'drift'
            then
                items || case when items = 1 then ' record was' else ' records were' end
                || ' found to hold something else than ' || subject || ' wrote'
        when 'review'
            then
                items || case when items = 1 then ' company' else ' companies' end
                || ' to look at: ' || subject
        when 'journey'
            then
                case
                    when kind = 'failed' then 'The build of the company journey failed'
                    else 'Company journey: ' || items_named
                end
    end as title,
    case topic
        when 'parked'
            then
                coalesce('Most often: ' || reason || chr(10), '')
                || 'Rows: ' || items_named || '.' || chr(10)
                || 'They are no longer tried. Mend the cause, then run: millrace sync retry ' || subject
        when 'unsure'
            then
                'No answer came: ' || items_named || '.' || chr(10)
                || 'Look whether ' || case when items = 1 then 'it is' else 'they are' end
                || ' there. What is not is sent again by: millrace sync retry ' || subject
        when 'run'
            then coalesce(reason || chr(10), '') || 'Run ' || items_named || '.'
        when 'drift'
            then
                'Changed there by somebody else: ' || (occurrences - not_stuck) || ' values. '
                || 'Written and not there: ' || not_stuck || '.' || chr(10)
                || 'Records: ' || items_named || '.' || chr(10)
                || 'ops.sync_drift lists them.'
        when 'review'
            then
                'No rule settles ' || case when items = 1 then 'it: ' else 'them: ' end
                || items_named || '.' || chr(10)
                || 'journey.review_queue says why.'
        when 'journey'
            then
                coalesce(reason || chr(10), '')
                || case
                    when kind = 'failed'
                        then
                            'No sync of such a run writes anything.' || chr(10)
                            || 'Runs: ' || items_named || '.'
                    else 'journey_health.journey_thresholds: ' || subject || ' is above its threshold.'
                end
    end as details
from counted
