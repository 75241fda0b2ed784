-- grain: one row per day (calendar_date)
-- materialized: table
-- Calendar with the firm's fiscal year and holidays.
-- not_null: calendar_date, month_start, fiscal_year
-- needs: nothing
-- column: is_weekday: Monday to Friday, counted from a Monday since dialects number days apart
-- column: fiscal_year: the year in which the fiscal year ends
with days as (
    select * from intermediate.int_calendar__days
),

settings as (
    select * from intermediate.int_settings__values
),

holidays as (
    select * from seeds.holidays
)

select
    days.calendar_date,
    cast(date_trunc('month', days.calendar_date) as date) as month_start,
    last_day(days.calendar_date) as month_end,
    cast(extract(year from days.calendar_date) as integer) as calendar_year,
    cast(extract(quarter from days.calendar_date) as integer) as calendar_quarter,
    cast(extract(month from days.calendar_date) as integer) as calendar_month,
    cast(
        extract(year from days.calendar_date)
        + case
            when
                settings.fiscal_year_first_month > 1
                and extract(month from days.calendar_date) >= settings.fiscal_year_first_month
                then 1
            else 0
        end as integer
    ) as fiscal_year,
    date_diff('day', date '1900-01-01', days.calendar_date) % 7 < 5 as is_weekday,
    holidays.holiday_date is not null as is_holiday
from days
cross join settings
left join holidays on holidays.holiday_date = days.calendar_date
