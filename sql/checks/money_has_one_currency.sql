-- Bills in more than one currency; figures that add them up are given by currency.
-- severity: warn
select count(distinct currency_id) as currencies from core.fct_bill
having count(distinct currency_id) > 1
