{#- How companies and tenants are compared (spec engagement.md, Universe and mapping). -#}

{#-
  A domain however it was typed: in lower case, without scheme, path, user, port, `www.` and the dot of a
  full name; null where nothing is left.
-#}
{% macro normal_domain(typed) -%}
    {%- set rest = namespace(sql="lower(" ~ typed ~ ")") -%}
    {%- for pattern in ["\\s", "^([a-z][a-z0-9+.-]*:)?//", "[/?#].*$", "^.*@", ":[0-9]*$", "^www[.]|[.]+$"] -%}
        {%- set rest.sql = replace_all(rest.sql, pattern, "") -%}
    {%- endfor -%}
    nullif({{ rest.sql }}, '')
{%- endmacro %}

{#- Of an email address what is behind the @, as a domain. -#}
{% macro email_domain(email) -%}
    case when {{ email }} like '%@%' then {{ normal_domain(email) }} end
{%- endmacro %}

{#- Forms of companies that stand at the end of a name and tell nothing. -#}
{% macro legal_suffixes() -%}
    {{ return([
        'inc', 'incorporated', 'llc', 'pllc', 'ltd', 'limited', 'corp', 'corporation', 'co', 'company', 'pc', 'pa',
        'lp', 'llp', 'plc',
    ]) }}
{%- endmacro %}

{#-
  A name however it was typed: in lower case, without punctuation, spaces parted by one alone, legal
  suffixes off its end as long as there is anything before them; null where nothing is left.
-#}
{% macro normal_name(typed) -%}
    {%- set words = replace_all(lower_case(without_punctuation(typed)), "\\s+", " ") -%}
    nullif({{ replace_all("trim(" ~ words ~ ")", "( (" ~ legal_suffixes() | join("|") ~ "))+$", "") }}, '')
{%- endmacro %}

{#- Punctuation and signs deleted, so that what they parted is one word: P.C. is pc. -#}
{% macro without_punctuation(text) -%}
    translate({{ text }}, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~¡¢£¤¥¦§¨©«¬®¯°±´¶·¸»¿‐‑‒–—―‘’‚“”„†‡•…‰′″‹›€™', '')
{%- endmacro %}

{#- Letters small, those with accents too, which a server whose locale is C leaves as they are. -#}
{% macro lower_case(text) -%}
    translate(lower({{ text }}), 'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĻŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ', 'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćčďđēėęěğģīįiķļłńņňōőœŕřśşšţťūůűųźżž')
{%- endmacro %}

{#- Ids are compared as numbers where they are such, as text after those. Two columns of an `order by`. -#}
{% macro id_order(id) -%}
    case when {{ is_whole_number(id) }} then cast({{ id }} as {{ decimal_type() }}) end nulls last, {{ bytewise(id) }}
{%- endmacro %}

{% macro is_whole_number(text) -%}
    ({{ text }} <> '' and translate({{ text }}, '0123456789', '') = '')
{%- endmacro %}

{#-
  Overrides to a tenant that Yobi does not list stop the build, with the file and line or the setting.
  As long as no tenant has landed, nobody can tell.
-#}
{% macro refuse_unknown_tenants() -%}
    {%- set is_unknown -%}
        exists (select 1 from {{ ref('int_engagement__tenants') }})
        and not exists (
            select 1 from {{ ref('int_engagement__tenants') }} as tenants where tenants.tenant_id = overrides.tenant_id
        )
    {%- endset -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select origin, line, company_key, tenant_id from " ~ ref('stg_reference__tenant_overrides') ~ " as overrides"
            ~ " where " ~ is_unknown ~ " order by origin, line, company_key limit 1"
        ).rows -%}
        {%- for origin, line, company_key, tenant_id in found -%}
            {%- set place = 'TENANT_MAPPING_OVERRIDES_JSON' if origin == 'environment'
                else 'seeds/reference/tenant_overrides.csv, line ' ~ line -%}
            {{ exceptions.raise_compiler_error(
                place ~ ': ' ~ company_key ~ ' is given the tenant ' ~ tenant_id
                ~ ', which Yobi does not list: put it right. Nothing was built from it.'
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
