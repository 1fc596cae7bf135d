{%- set from_environment = json_setting('TENANT_MAPPING_OVERRIDES_JSON', 'mapping', {}) -%}

with source as (

    select
        trim(company_key) as company_key,
        trim(tenant_id) as tenant_id,
        'reference' as origin,
        cast({{ file_line() }} as integer) as line
    from {{ ref('tenant_overrides') }}

    {% for company_key, tenant_id in from_environment.items() %}
        union all

        select
            {{ text_literal(company_key | trim) }} as company_key,
            {{ text_literal(tenant_id) }} as tenant_id,
            'environment' as origin,
            cast(null as integer) as line
    {% endfor %}

)

select
    company_key,
    case when {{ is_whole_number('company_key') }} then 'company_id' else 'domain' end as key_type,
    case when {{ is_whole_number('company_key') }} then company_key else {{ normal_domain('company_key') }} end as key_value,
    tenant_id,
    origin,
    line
from source
