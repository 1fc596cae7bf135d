{#-
  Another text for other code: of a model, of the models it is made from, and of the macros by which
  these read a value or decide; and for other `settings`, such as vars. Incremental models keep it in each
  row, so that rows of older code are made anew. (Which events count is not asked here: other events have
  another fingerprint anyway.)
-#}
{% macro code_version(model_id=model.unique_id, settings=[]) -%}
    {%- set code = [settings | string] -%}
    {%- set nodes = graph.get('nodes', {}) if execute else {} -%}  {#- empty in a unit test -#}
    {%- for id in [model_id] + (ancestors_of(model_id) | sort) if id in nodes -%}
        {%- do code.append(nodes[id].raw_code) -%}
    {%- endfor -%}
    {%- for said in [
        json_text('data', 'key'), json_has('data', 'key'), decimal_type(), instant_type(), bytewise('text'),
        last_of('value', ['place']), arr_range('arr'), whole_days_between('earlier', 'later'),
        hand_out_in_turn('queue', 'members', 'managers'), last_logged_values(),
    ] -%}
        {%- do code.append(said | replace(as_of(), 'as_of')) -%}
    {%- endfor -%}
    {{ return(local_md5(code | join('\n'))) }}
{%- endmacro %}
