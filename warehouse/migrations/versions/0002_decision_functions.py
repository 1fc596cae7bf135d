"""What the models need and plain SQL cannot say.

`ops.refuse` stops a statement with a sentence. `ops.hand_out_in_turn` is the fold behind round-robin
assignment in buckets that share managers (spec journey.md, CS manager, step 5).
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward only: a warehouse goes back by restoring a backup."""
    op.execute(
        """
        create function ops.refuse(sentence text) returns text
        language plpgsql as $$
        begin
            raise exception using message = sentence, errcode = 'MR001';
        end
        $$
        """
    )
    op.execute(
        """
        create function ops.hand_out_in_turn(
            buckets bigint[], members bigint[], member_buckets bigint[],
            loads bigint[], last_assigned timestamptz[], this_turn timestamptz
        ) returns bigint[]
        language plpgsql immutable as $$
        -- buckets: the bucket of each company, in the order in which they are served; buckets and
        -- managers are numbered from 1 without a gap, managers by username.
        -- members, member_buckets: pairs (manager, bucket), sorted by bucket.
        -- loads, last_assigned: of each manager; -infinity for never.
        -- Returns the manager of each company: the one with the fewest companies, among these the
        -- longest not assigned, among these the first. Assigning counts as this_turn.
        declare
            handed bigint[] := buckets;
            first_place bigint[];
            last_place bigint[];
            best bigint;
            candidate bigint;
        begin
            select array_agg(spans.first_place order by bucket), array_agg(spans.last_place order by bucket)
            into first_place, last_place
            from (
                select bucket, min(place) as first_place, max(place) as last_place
                from unnest(member_buckets) with ordinality as pairs (bucket, place)
                group by bucket
            ) as spans;
            for i in 1 .. coalesce(cardinality(buckets), 0) loop
                best := null;
                for place in first_place[buckets[i]] .. last_place[buckets[i]] loop
                    candidate := members[place];
                    if best is null
                        or (loads[candidate], last_assigned[candidate], candidate)
                            < (loads[best], last_assigned[best], best)
                    then
                        best := candidate;
                    end if;
                end loop;
                handed[i] := best;
                loads[best] := loads[best] + 1;
                last_assigned[best] := this_turn;
            end loop;
            return handed;
        end
        $$
        """
    )
