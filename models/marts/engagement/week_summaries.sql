{{ config(materialized='standing_view' if target.type == 'postgres' else 'view') }}

{%- set text = api.Column.translate_type('string') %}
{%- set listed = 10 %}
{%- set examples = 5 %}

with this_week as (

    select * from {{ ref('int_engagement__week') }}

),

engagement as (

    select
        engagement.*,
        coalesce(engagement.company_name, engagement.company_id) as shown_name
    from {{ ref('customer_engagement') }} as engagement
    inner join this_week on engagement.first_day = this_week.first_day
    where engagement.is_final

),

movers as (

    select
        movers.*,
        coalesce(movers.company_name, movers.company_id) as shown_name,
        row_number() over (
            order by case when movers.status in ('up', 'down') then 1 else 2 end, abs(movers.delta) desc, movers.rank
        ) as place
    from {{ ref('movers') }} as movers
    inner join engagement on movers.first_day = engagement.first_day and movers.company_id = engagement.company_id

),

previous_ranks as (

    select
        company_id,
        previous_rank
    from movers

),

-- Each company once: who is among the best is not among the last.
ends as (

    select
        engagement.*,
        previous_ranks.previous_rank,
        engagement.rank <= {{ listed }} as is_top,
        (engagement.rank > {{ listed }} and engagement.rank > engagement.ranked_companies - {{ listed }}) as is_bottom
    from engagement
    inner join previous_ranks on engagement.company_id = previous_ranks.company_id

),

end_lists as (

    select
        {%- for end in ['top', 'bottom'] %}
            coalesce(
                {{ json_list(json_object({
                    'company': 'shown_name',
                    'company_id': 'company_id',
                    'rank': 'rank',
                    'score': 'score',
                    'tier': 'tier',
                    'previous_rank': 'previous_rank',
                }), 'rank') }} filter (where is_{{ end }}),
                cast('[]' as {{ json_type() }})
            ) as {{ end }},
        {%- endfor %}
        {{ json_list('score', 'rank') }} as scores
    from ends

),

mover_lists as (

    select
        coalesce(
            {{ json_list(json_object({
                'company': 'shown_name',
                'company_id': 'company_id',
                'previous_rank': 'previous_rank',
                'rank': 'rank',
                'delta': 'delta',
                'status': 'status',
            }), 'place') }} filter (where place <= {{ listed }} and status in ('up', 'down')),
            cast('[]' as {{ json_type() }})
        ) as movers,
        sum(case when status = 'new/unknown' then 1 else 0 end) as newcomers
    from movers

),

tiers as (

    select
        sum(case when tier = 'Top 30%' then 1 else 0 end) as top_tier,
        sum(case when tier = 'Middle 40%' then 1 else 0 end) as middle_tier,
        sum(case when tier = 'Bottom 30%' then 1 else 0 end) as bottom_tier
    from engagement

),

methods as (

    select
        {%- for method in ['override', 'domain', 'email_domain', 'name'] %}
            sum(case when method = '{{ method }}' then 1 else 0 end) as by_{{ method }},
        {%- endfor %}
        sum(case when is_ambiguous then 1 else 0 end) as ambiguous
    from {{ ref('tenant_mapping') }}

),

states as (

    select *
    from {{ ref('int_engagement__week_states') }}
    where is_this_week

),

coverage_before as (

    select max(cast(versions.mapped_customers as {{ decimal_type() }}) / nullif(versions.customers, 0)) as share
    from {{ ref('customer_engagement_versions') }} as versions
    inner join this_week on versions.first_day = {{ days_later('this_week.first_day', -7) }}
    where versions.version = 1

),

publications as (

    select * from {{ ref('int_engagement__publications') }}

),

found as (

    select
        anomalies.kind,
        anomalies.severity,
        anomalies.subject,
        anomalies.details
    from {{ ref('anomalies') }} as anomalies
    inner join this_week on anomalies.week_start = this_week.week_start

    union all

    select
        'retries' as kind,
        'warning' as severity,
        'hubspot' as subject,
        'HubSpot: ' || retries || ' requests had to be made again while it was published.' as details
    from publications
    where retries > 0

),

numbered as (

    select
        found.*,
        row_number() over (partition by kind order by {{ bytewise('subject') }}) as place
    from found

),

kinds as (

    select
        kind,
        severity,
        count(*) as subjects,
        {{ json_list('details', 'place') }} filter (where place <= {{ examples }}) as examples
    from numbered
    group by kind, severity

),

kind_list as (

    select
        coalesce(
            {{ json_list(json_object({
                'kind': 'kind',
                'count': 'subjects',
                'severity': 'severity',
                'examples': 'examples',
            }), 'severity, kind') }},
            cast('[]' as {{ json_type() }})
        ) as anomalies
    from kinds

),

head as (

    select
        first_day,
        max(ranked_companies) as ranked_companies,
        max(version) as version,
        max(scored_at) as scored_at
    from engagement
    group by first_day

),

reasons as (

    select
        versions.first_day,
        versions.version,
        max(versions.reason) as reason
    from {{ ref('customer_engagement_versions') }} as versions
    inner join this_week on versions.first_day = this_week.first_day
    group by versions.first_day, versions.version

)

select
    {{ day_text('head.first_day') }} as week,
    head.version,
    head.ranked_companies,
    publications.published_at,
    publications.published_at is not null as is_published,
    head.scored_at,
    cast(
        {{ json_object({
            'week_first_day': day_text('this_week.first_day'),
            'week_last_day': day_text('this_week.last_day'),
            'version': 'head.version',
            'restatement_reason': 'reasons.reason',
            'ranked_companies': 'head.ranked_companies',
            'mapping': json_object({
                'customers': 'states.customers',
                'mapped': 'states.mapped_customers',
                'previous_coverage': 'round(coverage_before.share, 4)',
                'by_method': json_object({
                    'override': 'coalesce(methods.by_override, 0)',
                    'domain': 'coalesce(methods.by_domain, 0)',
                    'email_domain': 'coalesce(methods.by_email_domain, 0)',
                    'name': 'coalesce(methods.by_name, 0)',
                }),
                'ambiguous': 'coalesce(methods.ambiguous, 0)',
            }),
            'top': 'end_lists.top',
            'bottom': 'end_lists.bottom',
            'movers': 'mover_lists.movers',
            'newcomers': 'mover_lists.newcomers',
            'anomalies': 'kind_list.anomalies',
            'scores': 'end_lists.scores',
            'tiers': json_object({
                'Top 30%': 'tiers.top_tier',
                'Middle 40%': 'tiers.middle_tier',
                'Bottom 30%': 'tiers.bottom_tier',
            }),
        }) }} as {{ text }}
    ) as facts
from head
cross join this_week
cross join states
cross join end_lists
cross join mover_lists
cross join tiers
cross join methods
cross join coverage_before
cross join publications
cross join kind_list
left join reasons on head.first_day = reasons.first_day and head.version = reasons.version
