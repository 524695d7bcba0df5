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
