-- Orders with products of all frequencies, three in ten a laptop; user 1 has a tenth of them, and one of 500 is flagged.
SELECT setseed(0.5);
CREATE FUNCTION pg_temp.word(seed text, length int) RETURNS text LANGUAGE sql AS
    $$SELECT initcap(translate(substr(md5(seed), 1, length), '0123456789', 'aeiourstln'))$$;
CREATE TEMP TABLE products AS SELECT n, pg_temp.word('p' || n, 4 + n %% 6) AS word FROM generate_series(0, 4999) n;
INSERT INTO orders_order (user_id, product_name, quantity, status, user_verified_at, user_deactivated_at,
    user_deleted_at, created_at, updated_at)
SELECT CASE WHEN rows.n %% 10 = 0 THEN 1 ELSE 1 + floor(200000 * power(random(), 2)) END,
    CASE WHEN random() < 0.3 THEN 'Laptop ' WHEN random() < 0.02 THEN 'Phone ' ELSE '' END || word || ' ' || products.n %% 100,
    1, CASE WHEN random() < 0.002 THEN 'cancelled' WHEN random() < 0.9 THEN 'fulfilled' ELSE 'placed' END,
    now(), CASE WHEN rows.n %% 500 = 3 THEN now() END, CASE WHEN rows.n %% 500 = 7 THEN now() END,
    timestamptz '2020-01-01' + rows.n * interval '2 minutes', now()
FROM (SELECT n, floor(5000 * power(random(), 3)) product FROM generate_series(1, %(orders)s) n) AS rows
JOIN products ON products.n = product ORDER BY rows.n
