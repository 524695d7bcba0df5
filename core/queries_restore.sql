-- STMT_RESTORE_NEXT
/* The item with the lowest id above ?2 that came to life at moment ?1. */
SELECT c.item FROM change c CROSS JOIN item i
 WHERE c.moment = ?1 AND c.item > ?2 AND (c.what & 1) = 1
   AND i.id = c.item AND i.folder = 0
 ORDER BY c.item LIMIT 1;
