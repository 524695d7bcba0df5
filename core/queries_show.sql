-- STMT_SHOW_COUNTS (scan)
/* Nothing that grows with the items: contents are never removed, so their
   newest number is how many there are. The scans are of one row each. */
SELECT (SELECT max(id) FROM content), (SELECT max(id) FROM revision),
       p.page_count * s.page_size
  FROM pragma_page_count AS p, pragma_page_size AS s;

-- STMT_SHOW_SNAPSHOTS
/* How many snapshots of folder ?1 are of a moment from ?2 until before ?3. */
SELECT count(*) FROM revision
 WHERE scope = ?1 AND kind = 'snapshot' AND after >= ?2 AND after < ?3;

-- STMT_SHOW_TOUCHED
/* What revision ?1, which is after moment ?2 and until ?3, itself changed; an
   item once for each time. */
SELECT c.item
  FROM moment m CROSS JOIN change c ON c.moment = m.id
 WHERE m.id > ?2 AND m.id <= ?3 AND m.revision = ?1;

-- STMT_SHOW_LAST
/* When revision ?1, which is after moment ?2, last changed something. */
SELECT time FROM moment
 WHERE id > ?2 AND revision = ?1 ORDER BY id DESC LIMIT 1;

-- STMT_SHOW_PULL
/* What pull ?1 waits for: from where, its conflicts, how many answers. */
SELECT p.asked, p.said,
       (SELECT count(*) FROM pull_answer a WHERE a.revision = p.revision)
  FROM pull p WHERE p.revision = ?1;
