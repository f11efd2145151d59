-- Now: what is free, held and sold of each limited package. A refund gives nothing back to the stock. How many there are in all stands in
-- package_stock, where an operator puts it; of what is endless, nothing is free or not.
WITH steps AS
(
    SELECT
        any(sku) AS sku,
        max(quantity) AS units,
        countIf(event_type = 'purchase.completed') > 0 AS is_sold,
        countIf(event_type IN ('hold.released', 'purchase.failed')) > 0 AS is_free
    FROM purchases
    GROUP BY transaction_id
)
SELECT
    package.sku AS sku,
    package.stock AS stock,
    stock - held - sold AS free,
    sumIf(steps.units, NOT steps.is_sold AND NOT steps.is_free) AS held,
    sumIf(steps.units, steps.is_sold) AS sold
FROM (SELECT sku, stock FROM package_stock FINAL) AS package
LEFT JOIN steps ON steps.sku = package.sku
GROUP BY sku, stock
ORDER BY sku
