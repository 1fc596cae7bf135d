{%- set from_environment = setting('GENERIC_EMAIL_DOMAINS').split(',') | map('trim') | select | list -%}
-- depends_on: {{ ref('generic_email_domains') }}

with source as (

    {% if from_environment %}
        {% for domain in from_environment %}
            {{ 'union all' if not loop.first }}
            select {{ text_literal(domain) }} as domain
        {% endfor %}
    {% else %}
        select domain from {{ ref('generic_email_domains') }}
    {% endif %}

)

select distinct {{ normal_domain('domain') }} as domain
from source
