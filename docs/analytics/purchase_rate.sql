-- Hour by hour: who played, who bought, and how many of those who played did.
SELECT
    toStartOfHour(occurred_at) AS time,
    uniqExactIf(player_id, sequence > 0) AS players,
    uniqExactIf(player_id, event_type = 'purchase.completed') AS buyers,
    countIf(event_type = 'purchase.completed') AS purchases,
    if(players = 0, 0, round(100 * buyers / players, 2)) AS percent_who_buy
FROM user_actions
WHERE occurred_at >= fromUnixTimestamp64Milli(${__from}) AND occurred_at < fromUnixTimestamp64Milli(${__to})
GROUP BY time
ORDER BY time
