-- spec/flow.md, Facts.
with read_deals as (

    select
        deals.deal_id,
        deals.status,
        deals.added_at,
        deals.closed_at,
        reads.pipeline_id_when_read,
        reads.stage_id_when_read
    from {{ ref('stg_pipedrive__deals') }} as deals
    inner join {{ ref('stg_pipedrive__deal_flow_reads') }} as reads on deals.deal_id = reads.deal_id

),

stage_changes as (

    select
        flow.deal_id,
        flow.flow_item_id,
        flow.old_value as old_stage_id,
        flow.new_value as new_stage_id,
        flow.changed_at,
        row_number() over (
            partition by flow.deal_id order by flow.changed_at, flow.flow_item_id
        ) as place,
        coalesce(
            lead(flow.changed_at) over (
                partition by flow.deal_id order by flow.changed_at, flow.flow_item_id
            ) = flow.changed_at,
            false
        ) as is_followed_within_the_second
    from {{ ref('stg_pipedrive__deal_flow') }} as flow
    where flow.field = 'stage_id'

),

pipeline_changes as (

    select
        flow.deal_id,
        flow.flow_item_id,
        flow.old_value as old_pipeline_id,
        flow.new_value as new_pipeline_id,
        flow.changed_at,
        row_number() over (
            partition by flow.deal_id order by flow.changed_at, flow.flow_item_id
        ) as place
    from {{ ref('stg_pipedrive__deal_flow') }} as flow
    where flow.field = 'pipeline_id'

),

-- Of the first stage there is no item: it is the one that the first change left.
first_entries as (

    select
        {{ dbt.concat(["'add:'", "read_deals.deal_id"]) }} as stage_event_id,
        read_deals.deal_id,
        case
            when first_change.deal_id is null then read_deals.stage_id_when_read
            else first_change.old_stage_id
        end as stage_id,
        coalesce(first_pipeline_change.old_pipeline_id, read_deals.pipeline_id_when_read) as pipeline_id,
        read_deals.added_at as entered_at
    from read_deals
    left join stage_changes as first_change
        on read_deals.deal_id = first_change.deal_id and first_change.place = 1
    left join pipeline_changes as first_pipeline_change
        on read_deals.deal_id = first_pipeline_change.deal_id and first_pipeline_change.place = 1

),

-- A stage that the list does not name any more belongs to the pipeline in which the deal was then. Where
-- the stage and the pipeline change in one second, the change of the pipeline may be written first or last.
pipelines_by_replay as (

    select
        stage_changes.deal_id,
        stage_changes.flow_item_id,
        pipeline_changes.new_pipeline_id as pipeline_id,
        row_number() over (
            partition by stage_changes.deal_id, stage_changes.flow_item_id
            order by pipeline_changes.changed_at desc, pipeline_changes.flow_item_id desc
        ) as recency
    from stage_changes
    inner join pipeline_changes on stage_changes.deal_id = pipeline_changes.deal_id
    where
        pipeline_changes.changed_at < stage_changes.changed_at
        or (
            pipeline_changes.changed_at = stage_changes.changed_at
            and (
                pipeline_changes.flow_item_id < stage_changes.flow_item_id
                or not stage_changes.is_followed_within_the_second
            )
        )

),

entries as (

    select
        stage_event_id,
        deal_id,
        stage_id,
        pipeline_id,
        entered_at,
        0 as place,
        true as is_inferred
    from first_entries
    where stage_id is not null

    union all

    select
        {{ dbt.concat(["'flow:'", dbt.cast("stage_changes.flow_item_id", api.Column.translate_type("string"))]) }}
            as stage_event_id,
        stage_changes.deal_id,
        stage_changes.new_stage_id as stage_id,
        coalesce(pipelines_by_replay.pipeline_id, first_entries.pipeline_id) as pipeline_id,
        stage_changes.changed_at as entered_at,
        stage_changes.place,
        false as is_inferred
    from stage_changes
    inner join first_entries on stage_changes.deal_id = first_entries.deal_id
    left join pipelines_by_replay
        on
            stage_changes.deal_id = pipelines_by_replay.deal_id
            and stage_changes.flow_item_id = pipelines_by_replay.flow_item_id
            and pipelines_by_replay.recency = 1
    where stage_changes.new_stage_id is not null

),

entries_with_next as (

    select
        entries.*,
        lead(entered_at) over (partition by deal_id order by place) as next_entered_at
    from entries

)

select
    entries_with_next.stage_event_id,
    entries_with_next.deal_id,
    coalesce(listed_stages.pipeline_id, entries_with_next.pipeline_id) as pipeline_id,
    entries_with_next.stage_id,
    entries_with_next.entered_at,
    case
        -- Someone may have set the deal's add time to after its first change.
        when entries_with_next.next_entered_at is not null
            then greatest(entries_with_next.next_entered_at, entries_with_next.entered_at)
        -- Open, be it again, or deleted while it was: no end.
        when read_deals.status <> 'open' and read_deals.closed_at is not null
            then greatest(read_deals.closed_at, entries_with_next.entered_at)
    end as left_at,
    entries_with_next.place,
    entries_with_next.is_inferred
from entries_with_next
inner join read_deals on entries_with_next.deal_id = read_deals.deal_id
left join {{ ref('stg_pipedrive__stages') }} as listed_stages
    on entries_with_next.stage_id = listed_stages.stage_id and listed_stages.is_listed
