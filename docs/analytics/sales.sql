-- Day by day: what was sold and what was given back, in the smallest unit of each currency.
SELECT *
FROM purchases_daily_agg
WHERE day >= toDate(fromUnixTimestamp64Milli(${__from})) AND day <= toDate(fromUnixTimestamp64Milli(${__to}))
ORDER BY day, sku, currency
