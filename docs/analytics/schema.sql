-- The tables of analytics. Run it in a database of its own; running it again changes nothing. docs/analytics.md says why it is so.

-- One row of every event. Whoever reads, reads the view: here a row may stand several times until parts are merged.
CREATE TABLE IF NOT EXISTS user_actions_raw
(
    event_id       String,
    event_type     LowCardinality(String),
    schema_version UInt32,
    player_id      String,
    sequence       UInt64 COMMENT 'The place in the player''s ledger, 0 of what stands in none',
    occurred_at    DateTime64(3, 'UTC'),
    delta_coin       Int64 COMMENT 'Coins gained, or lost when negative',
    delta_gem        Int64,
    balance_coin     Nullable(UInt64) COMMENT 'Coins afterwards',
    balance_gem      Nullable(UInt64),
    delta_debt_coin  Int64 COMMENT 'Coins by which the debt grew, or that paid it off when negative',
    delta_debt_gem   Int64,
    debt_coin        Nullable(UInt64) COMMENT 'Coins owed afterwards',
    debt_gem         Nullable(UInt64),
    game_type      LowCardinality(String) COMMENT 'This and what follows up to odds_version: of a round, else empty',
    bet_amount     UInt64 COMMENT 'Coins',
    win_amount     UInt64 COMMENT 'Coins',
    streak         UInt32,
    odds_version   LowCardinality(String),
    data           String COMMENT 'All that the event tells, as JSON' CODEC(ZSTD(3)),
    INDEX of_player player_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (event_type, occurred_at, event_id)
TTL toDateTime(occurred_at) + INTERVAL 25 MONTH
SETTINGS ttl_only_drop_parts = 1;

-- One row of whatever is given and not bought: by an operator, of a campaign, for a mission, for a day of the streak.
CREATE TABLE IF NOT EXISTS rewards_raw
(
    event_id       String,
    event_type     LowCardinality(String),
    schema_version UInt32,
    player_id      String,
    sequence       UInt64,
    occurred_at    DateTime64(3, 'UTC'),
    source         LowCardinality(String) COMMENT 'The operator''s words, the mission, or streak',
    period         String COMMENT 'Which day or week of the game, of a mission or the streak',
    reward_id      String,
    campaign_id    String,
    coins          UInt64,
    gems           UInt64,
    experience     UInt64,
    items          Map(String, UInt64)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (event_type, occurred_at, event_id);

-- One row of each step of a purchase. A hold has the id of the purchase that it becomes.
CREATE TABLE IF NOT EXISTS purchases_raw
(
    event_id       String,
    event_type     LowCardinality(String),
    schema_version UInt32,
    player_id      String,
    sequence       UInt64,
    occurred_at    DateTime64(3, 'UTC'),
    transaction_id String,
    sku            LowCardinality(String),
    quantity       UInt32,
    total          UInt64 COMMENT 'In the smallest unit of a real currency (cents), or in whole coins or gems',
    currency       LowCardinality(String) COMMENT 'An ISO 4217 code, coins or gems',
    promo_code     LowCardinality(String),
    coins          UInt64 COMMENT 'What all of it gives',
    gems           UInt64,
    items          Map(String, UInt64),
    charge_id      String COMMENT 'The payment gateway''s name for the payment',
    expires_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it is held',
    expired        Bool COMMENT 'Whether the time of a hold was over, or else the buyer gave it back',
    status         LowCardinality(String) COMMENT 'Of what failed',
    reason         String COMMENT 'Why it failed, or was taken back'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (transaction_id, event_type, occurred_at, event_id);

-- What is read: each event once, whether parts are merged or not.
CREATE VIEW IF NOT EXISTS user_actions AS SELECT * FROM user_actions_raw FINAL;
CREATE VIEW IF NOT EXISTS rewards AS SELECT * FROM rewards_raw FINAL;
CREATE VIEW IF NOT EXISTS purchases AS SELECT * FROM purchases_raw FINAL;

-- Sales and refunds of each day, by the day on which each happened. Not materialized: an aggregate that is kept while rows come in
-- would count again what comes again.
CREATE VIEW IF NOT EXISTS purchases_daily_agg AS
SELECT
    toDate(occurred_at) AS day,
    sku,
    currency,
    countIf(event_type = 'purchase.completed') AS purchases,
    sumIf(quantity, event_type = 'purchase.completed') AS units,
    sumIf(total, event_type = 'purchase.completed') AS gross,
    countIf(event_type = 'purchase.refunded') AS refunds,
    sumIf(total, event_type = 'purchase.refunded') AS refunded,
    toInt64(gross) - toInt64(refunded) AS net,
    uniqExactIf(player_id, event_type = 'purchase.completed') AS buyers,
    countIf(event_type = 'purchase.completed' AND promo_code != '') AS with_promo
FROM purchases
WHERE event_type IN ('purchase.completed', 'purchase.refunded')
GROUP BY day, sku, currency;

-- What the odds page promises: on average a stake of bet_amount, with a streak of this many spins, pays expected_win. The highest
-- streak stands for all longer ones. Filled by the command `disclose`, once for each version of the economy file.
CREATE TABLE IF NOT EXISTS disclosed_return
(
    odds_version   LowCardinality(String),
    game_type      LowCardinality(String),
    bet_amount     UInt64,
    streak         UInt32,
    paid           UInt64 COMMENT 'paid of cases is the average win in coins, exactly',
    cases          UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (odds_version, game_type, bet_amount, streak);

-- How many of each limited package there are, as an operator has set it, which no event tells. Nothing, of what is endless.
CREATE TABLE IF NOT EXISTS package_stock
(
    sku   LowCardinality(String),
    stock Nullable(UInt64),
    as_of DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(as_of)
ORDER BY sku;
