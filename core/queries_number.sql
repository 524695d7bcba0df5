-- STMT_NUMBER_TAKEN
/* Is the name taken, by an item or by a scratch file? */
SELECT EXISTS (SELECT 1 FROM place INDEXED BY place_name
                WHERE parent = ?1 AND name = ?2
                  AND died = 9223372036854775807
                  AND born = (SELECT max(n.born)
                                FROM place n INDEXED BY place_name
                               WHERE n.parent = ?1 AND n.name = ?2))
    OR EXISTS (SELECT 1 FROM scratch WHERE parent = ?1 AND name = ?2);

-- STMT_NUMBER_ITEM
/* Is there an item of that name? */
SELECT 1 FROM place INDEXED BY place_name
 WHERE parent = ?1 AND name = ?2 AND died = 9223372036854775807
   AND born = (SELECT max(n.born) FROM place n INDEXED BY place_name
                WHERE n.parent = ?1 AND n.name = ?2);

-- STMT_NUMBER_SERIES
/* The items with names from ?2 until before ?3, and what they
   hold as it was sent; with secrets in it: its digest. */
SELECT p.item, p.name, coalesce(s.arrived, s.content),
       (SELECT t.digest FROM secret_sent t
         WHERE t.item = p.item AND t.content = coalesce(s.arrived, s.content))
  FROM place p INDEXED BY place_name CROSS JOIN state s
 WHERE p.parent = ?1 AND p.name >= ?2 AND p.name < ?3
   AND p.died = 9223372036854775807
   AND s.item = p.item
   AND s.born = (SELECT max(n.born) FROM state n WHERE n.item = p.item)
 ORDER BY p.name;
