{#-
  A wrong row in a reference file stops the build with a sentence that names the file and the row
  (spec README.md, Reference data). Each file has one macro here that yields its wrong rows as
  (line, problem), of the table `loaded`; its seed calls `refuse_wrong_rows` after loading, inside the
  loading transaction, so that the rows loaded before stay in force. What only two files together can
  tell, the staging model asks before it is built, when both are loaded: nothing is made of either.
-#}

{% macro refuse_wrong_rows(seed, wrong_rows, is_loading=true) -%}
    {%- if execute -%}
        {%- set found = run_query(wrong_rows ~ ' order by 1 limit 20').rows -%}
        {%- if found | length > 0 -%}
            {%- set sentences = [] -%}
            {%- for row in found -%}
                {%- do sentences.append('line ' ~ row[0] ~ ': ' ~ row[1]) -%}
            {%- endfor -%}
            {{ exceptions.raise_compiler_error(
                'seeds/reference/' ~ seed ~ '.csv is wrong in ' ~ sentences | join('; ') ~ '. '
                ~ (
                    'Nothing of it was loaded.' if is_loading and target.type == 'postgres'
                    else 'Nothing was built from it.'
                )
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Rows that say the same key again: `key` is a list of columns. -#}
{% macro repeated_rows(key) -%}
    select
        line,
        'the row repeats ' || {{ key | join(" || ', ' || ") }} as problem
    from (
        select
            numbered.*,
            row_number() over (partition by {{ key | join(', ') }} order by line) as occurrence
        from numbered
    ) as counted
    where occurrence > 1
{%- endmacro %}

{#- Rows whose `column` is none of `values` (empty counts as wrong). -#}
{% macro rows_not_among(column, values) -%}
    select
        line,
        '{{ column }} is ''' || coalesce({{ column }}, '') || ''', not one of {{ values | join(', ') }}' as problem
    from numbered
    where {{ column }} is null or {{ column }} not in ('{{ values | join("', '") }}')
{%- endmacro %}

{#- Rows in which `column` is empty. -#}
{% macro rows_without(column) -%}
    select line, '{{ column }} is empty' as problem
    from numbered
    where coalesce({{ column }}, '') = ''
{%- endmacro %}

{% macro wrong_cs_managers(loaded=none) %}
    with numbered as (
        select
            {{ file_line() }} as line,
            trim(username) as username,
            trim(department) as department,
            trim(cs_stage) as cs_stage,
            trim(region) as region,
            trim(arr_range) as arr_range,
            trim(lead_intake) as lead_intake,
            lower(trim(is_active)) as is_active,
            nullif(trim(hubspot_owner_id), '') as hubspot_owner_id
        from {{ loaded or this }}
    )

    {{ rows_without('username') }}
    union all
    {{ rows_not_among('department', ['customer_success', 'sales']) }}
    union all
    {{ rows_not_among('cs_stage', cs_stages() + ['*']) }}
    union all
    {{ rows_without('region') }}
    union all
    {{ rows_not_among('arr_range', arr_ranges() + ['*']) }}
    union all
    {{ rows_not_among('is_active', ['true', 'false', 'yes', 'no', '1', '0']) }}
    union all
    select line, 'lead_intake is ''' || coalesce(lead_intake, '') || ''', not a whole number' as problem
    from numbered
    where lead_intake is null or translate(lead_intake, '0123456789', '') <> '' or length(lead_intake) not between 1 and 9
    union all
    {{ repeated_rows(['username', 'department', 'cs_stage', 'region', 'arr_range']) }}
    union all
    select
        line,
        'hubspot_owner_id is ''' || hubspot_owner_id || ''', but ''' || first_owner_id
        || ''' in an earlier row of ' || username as problem
    from (
        select
            numbered.*,
            first_value(hubspot_owner_id) over (partition by username order by line) as first_owner_id
        from numbered
        where hubspot_owner_id is not null
    ) as owned
    where hubspot_owner_id <> first_owner_id
{% endmacro %}

{#- Rows of managers in a region that no country has: nobody would be served by them. -#}
{% macro wrong_regions_of_cs_managers(managers, countries) %}
    with numbered as (
        select {{ file_line() }} as line, trim(region) as region
        from {{ managers }}
    )

    select
        line,
        'region is ''' || region || ''', neither that of a country in country_regions.csv nor UNKNOWN or *' as problem
    from numbered
    where
        region not in ('UNKNOWN', '*')
        and region not in (select trim(region) from {{ countries }} where region is not null)
{% endmacro %}

{% macro wrong_plan_groups(loaded=none) %}
    with numbered as (
        select {{ file_line() }} as line, trim(plan_id) as plan_id, trim(plan_group) as plan_group
        from {{ loaded or this }}
    )

    {{ rows_without('plan_id') }}
    union all
    {{ rows_not_among('plan_group', ['churn', 'small_business', 'sales', 'standard']) }}
    union all
    {{ repeated_rows(['plan_id']) }}
{% endmacro %}

{% macro wrong_country_regions(loaded=none) %}
    with numbered as (
        select {{ file_line() }} as line, upper(trim(country)) as country, trim(region) as region
        from {{ loaded or this }}
    )

    select line, 'country is ''' || coalesce(country, '') || ''', not two letters' as problem
    from numbered
    where country is null or length(country) <> 2
    union all
    {{ rows_without('region') }}
    union all
    {{ repeated_rows(['country']) }}
{% endmacro %}

{% macro wrong_alert_recipients(loaded=none) %}
    {%- set topics = ['parked', 'unsure', 'run', 'drift', 'review', 'journey', 'engagement'] -%}
    {%- set rest = namespace(sql="';' || topics || ';'") -%}
    {%- for topic in topics -%}
        {%- set rest.sql = "replace(" ~ rest.sql ~ ", ';" ~ topic ~ ";', ';')" -%}
    {%- endfor -%}
    with numbered as (
        select
            {{ file_line() }} as line,
            lower(trim(email)) as email,
            replace(coalesce(topics, ''), ' ', '') as topics
        from {{ loaded or this }}
    )

    select line, 'email is not an address' as problem
    from numbered
    where email is null or email not like '_%@_%' or email like '% %'
    union all
    select line, 'topics is ''' || topics || ''', not * or some of {{ topics | join(';') }}, each once' as problem
    from numbered
    where topics <> '*' and (topics = '' or {{ rest.sql }} <> ';')
    union all
    select line, 'the row repeats an email' as problem
    from (
        select
            numbered.*,
            row_number() over (partition by email order by line) as occurrence
        from numbered
    ) as counted
    where occurrence > 1
{% endmacro %}

{% macro wrong_tenant_overrides(loaded=none) %}
    with numbered as (
        select {{ file_line() }} as line, lower(trim(company_key)) as company_key, trim(tenant_id) as tenant_id
        from {{ loaded or this }}
    )

    {{ rows_without('company_key') }}
    union all
    {{ rows_without('tenant_id') }}
    union all
    {{ repeated_rows(['company_key']) }}
{% endmacro %}

{% macro wrong_generic_email_domains(loaded=none) %}
    with numbered as (
        select {{ file_line() }} as line, lower(trim(domain)) as domain
        from {{ loaded or this }}
    )

    select line, 'domain is ''' || coalesce(domain, '') || ''', not a domain such as example.com' as problem
    from numbered
    where domain is null or domain not like '_%._%' or domain like '%@%' or domain like '% %'
    union all
    {{ repeated_rows(['domain']) }}
{% endmacro %}
