with source as (

    select * from {{ source('raw_yobi', 'appointments_by_location') }}

)

select
    week_start,
    read_at,
    location_id,
    tenant_id,
    first_day,
    last_day,
    appointment_count - internal_appointment_count as total_appointments,
    new_patients - internal_new_patients as new_patient_appointments
from source
