-- STMT_UNDO_ITEMS (sort)
/* What revision ?1 changed: its first and last moment at each item. */
SELECT c.item, min(c.moment), max(c.moment)
  FROM revision r
       CROSS JOIN moment m ON m.id > r.before
                          AND m.id <= coalesce(r.after, 9223372036854775807)
       CROSS JOIN change c ON c.moment = m.id
 WHERE r.id = ?1 AND m.revision = r.id
 GROUP BY c.item;

-- STMT_UNDO_OTHERS
/* Did anything but revision ?2 change item ?1 between moments ?3 and ?4? */
SELECT 1 WHERE EXISTS
 (SELECT 1 FROM place p CROSS JOIN moment m ON m.id = p.born
   WHERE p.item = ?1 AND p.born > ?3 AND p.born < ?4
     AND m.revision IS NOT ?2)
 OR EXISTS
 (SELECT 1 FROM state s CROSS JOIN moment m ON m.id = s.born
   WHERE s.item = ?1 AND s.born > ?3 AND s.born < ?4
     AND m.revision IS NOT ?2);
