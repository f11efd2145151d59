-- What came back of the stakes, and what the odds page promises for these very stakes and streaks. Half of all times the two are less than
-- 0.7 standard errors apart; more than 4 is no chance. Rounds for which nothing was disclosed are counted apart.
WITH
    disclosed AS (SELECT * FROM disclosed_return FINAL),
    longest AS (SELECT odds_version, game_type, max(streak) AS streak FROM disclosed GROUP BY odds_version, game_type),
    played AS
    (
        SELECT odds_version, game_type, bet_amount, win_amount, least(round.streak, longest.streak) AS step
        FROM user_actions AS round
        LEFT JOIN longest USING (odds_version, game_type)
        WHERE event_type = 'round.played'
            AND occurred_at >= fromUnixTimestamp64Milli(${__from}) AND occurred_at < fromUnixTimestamp64Milli(${__to})
    ),
    rounds AS
    (
        SELECT
            played.odds_version AS odds_version,
            played.game_type AS game_type,
            played.bet_amount AS bet_amount,
            played.win_amount AS win_amount,
            disclosed.cases > 0 AS is_disclosed,
            if(is_disclosed, disclosed.paid / disclosed.cases, 0) AS promised
        FROM played
        LEFT JOIN disclosed
            ON disclosed.odds_version = played.odds_version
            AND disclosed.game_type = played.game_type
            AND disclosed.bet_amount = played.bet_amount
            AND disclosed.streak = played.step
    )
SELECT
    game_type,
    odds_version,
    countIf(is_disclosed) AS rounds,
    sumIf(bet_amount, is_disclosed) AS bet,
    sumIf(win_amount, is_disclosed) AS won,
    100 * won / bet AS observed_percent,
    100 * sumIf(promised, is_disclosed) / bet AS disclosed_percent,
    sumIf(win_amount - promised, is_disclosed) / sqrt(rounds * varSampIf(win_amount - promised, is_disclosed)) AS standard_errors_apart,
    countIf(NOT is_disclosed) AS rounds_not_disclosed
FROM rounds
GROUP BY game_type, odds_version
ORDER BY game_type, odds_version
