{#-
  The events of these types that count: known at `as_of`, and the one content that stands for its id
  (spec events.md, Envelope). For staging models; yields a FROM with its WHERE, alias `events`.
-#}
{% macro from_events(event_types) %}
    from {{ source('raw_events', 'events') }} as events
    where
        events.event_type in ('{{ event_types | join("', '") }}')
        and events.occurred_at <= {{ as_of() }}
        and not exists (
            select 1
            from {{ source('raw_events', 'conflicting_duplicates') }} as losers
            where
                losers.event_id = events.event_id
                and losers.content_hash = events.content_hash
        )
{% endmacro %}
