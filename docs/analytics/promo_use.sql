-- Promo codes of purchases that began in this time: a use is taken when the purchase begins, and given back when it fails.
WITH steps AS
(
    SELECT
        min(occurred_at) AS began_at,
        any(player_id) AS player_id,
        max(promo_code) AS promo_code,
        max(currency) AS currency,
        max(total) AS total,
        countIf(event_type = 'purchase.completed') > 0 AS is_sold,
        countIf(event_type = 'purchase.failed') > 0 AS is_failed
    FROM purchases
    GROUP BY transaction_id
)
SELECT
    promo_code,
    currency,
    countIf(is_sold) AS used,
    countIf(NOT is_sold AND NOT is_failed) AS under_way,
    countIf(is_failed) AS given_back,
    uniqExactIf(player_id, is_sold) AS buyers,
    sumIf(total, is_sold) AS paid
FROM steps
WHERE promo_code != '' AND began_at >= fromUnixTimestamp64Milli(${__from}) AND began_at < fromUnixTimestamp64Milli(${__to})
GROUP BY promo_code, currency
ORDER BY used DESC, promo_code
