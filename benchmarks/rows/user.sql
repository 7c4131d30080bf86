-- Users with names of all frequencies: one first name in ten is Maria, one last name in thirty Smith; one of 500 is deactivated.
SELECT setseed(0.5);
CREATE FUNCTION pg_temp.word(seed text, length int) RETURNS text LANGUAGE sql AS
    $$SELECT initcap(translate(substr(md5(seed), 1, length), '0123456789', 'aeiourstln'))$$;
CREATE TEMP TABLE firsts AS
    SELECT n, CASE n WHEN 0 THEN 'Maria' ELSE pg_temp.word('f' || n, 4 + n %% 5) END AS word FROM generate_series(0, 999) n;
CREATE TEMP TABLE lasts AS
    SELECT n, CASE n WHEN 0 THEN 'Smith' ELSE pg_temp.word('l' || n, 5 + n %% 6) END AS word FROM generate_series(0, 19999) n;
INSERT INTO users_user (name, email, is_active, created_at, updated_at)
SELECT firsts.word || ' ' || lasts.word,
    lower(firsts.word || '.' || lasts.word) || rows.n || '@' || (ARRAY['example.com', 'mail.org', 'test.net'])[1 + rows.n %% 3],
    rows.n %% 500 <> 0,
    timestamptz '2020-01-01' + rows.n * interval '2 minutes', now()
FROM (SELECT n, floor(1000 * power(random(), 3)) first, floor(20000 * power(random(), 3)) last
      FROM generate_series(1, %(orders)s) n) AS rows
JOIN firsts ON firsts.n = first JOIN lasts ON lasts.n = last ORDER BY rows.n
