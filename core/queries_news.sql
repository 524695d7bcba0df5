-- STMT_NEWS_MOMENT
/* The last moment of revision ?1. */
SELECT after FROM revision WHERE id = ?1 AND after > before;

-- STMT_NEWS_ITEMS
/* What changed at moment ?1, items after ?2, at most ?3 of them. */
SELECT item, what FROM change
 WHERE moment = ?1 AND item > ?2 ORDER BY item LIMIT ?3;

-- STMT_NEWS_ITEM
/* What changed of item ?2 at moment ?1. */
SELECT what FROM change WHERE moment = ?1 AND item = ?2;
