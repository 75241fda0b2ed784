-- No stage of the funnel has more enquiries than the one before it.
-- severity: error
select lead_month, source, matter_type, leads, contacted, consult_booked, consult_held, hired
from intake.agg_funnel_month
where
    contacted > leads
    or consult_booked > contacted
    or consult_held > consult_booked
    or hired > consult_held
