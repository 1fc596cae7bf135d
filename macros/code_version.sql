{#-
  Another text for other code: of this model, of the models it is made from, and of the macros by which
  these read a value. Incremental models keep it in each row, so that rows of older code are made anew.
  (Which events count is not asked here: other events have another fingerprint anyway.)
-#}
{% macro code_version() -%}
    {%- set code = [model.raw_code] -%}
    {%- for id in ancestors_of(model.unique_id) | sort -%}
        {%- do code.append(graph.nodes[id].raw_code) -%}
    {%- endfor -%}
    {%- for said in [
        json_text('data', 'key'), json_has('data', 'key'), decimal_type(), instant_type(), bytewise('text'),
        last_of('value', ['place']), arr_range('arr'),
    ] -%}
        {%- do code.append(said) -%}
    {%- endfor -%}
    {{ return(local_md5(code | join('\n'))) }}
{%- endmacro %}
