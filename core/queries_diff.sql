-- STMT_DIFF_CHANGED
/* What changed after moment ?1 until ?2, an item once for each time. */
SELECT item FROM change WHERE moment > ?1 AND moment <= ?2;
