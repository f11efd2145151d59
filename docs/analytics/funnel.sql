-- How far purchases came that began in this time, from a hold or from a payment. No event tells of an authorization: what was completed had
-- one, and what failed had one if the gateway would not capture it or the balance had no room for what was paid.
WITH steps AS
(
    SELECT
        min(occurred_at) AS began_at,
        countIf(event_type = 'hold.created') > 0 AS is_held,
        countIf(event_type = 'hold.released') > 0 AS is_released,
        countIf(event_type = 'purchase.started') > 0 AS is_started,
        countIf(event_type = 'purchase.completed') > 0 AS is_completed,
        countIf(event_type = 'purchase.failed') > 0 AS is_failed,
        countIf(event_type = 'purchase.failed' AND reason IN ('capture_failed', 'no_room')) > 0 AS is_failed_late,
        countIf(event_type = 'purchase.refunded') > 0 AS is_refunded
    FROM purchases
    GROUP BY transaction_id
    HAVING is_held OR is_started
)
SELECT row.1 AS step, row.2 AS purchases
FROM
(
    SELECT arrayJoin([
        ('held', countIf(is_held)),
        ('released', countIf(is_released)),
        ('started', countIf(is_started OR is_completed)),
        ('authorized', countIf(is_completed OR is_failed_late)),
        ('completed', countIf(is_completed)),
        ('failed', countIf(is_failed)),
        ('refunded', countIf(is_refunded))
    ]) AS row
    FROM steps
    WHERE began_at >= fromUnixTimestamp64Milli(${__from}) AND began_at < fromUnixTimestamp64Milli(${__to})
)
