-- STMT_HISTORY_STATES
/* What an item held, and who made it so, oldest first. */
SELECT s.born, s.content, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       m.uid, m.pid, m.program, m.time
  FROM state s LEFT JOIN moment m ON m.id = s.born
 WHERE s.item = ?1 ORDER BY s.born;

-- STMT_HISTORY_NAMES
/* The items that are or were in folder ?1, with the newest name each had
   there; of those that had the same name, the one that had it last. */
SELECT p.item, p.name, p.died = 9223372036854775807
  FROM place p INDEXED BY place_list CROSS JOIN item i
 WHERE p.parent = ?1 AND p.item > ?2
   AND i.id = p.item AND NOT i.folder
   AND p.born = (SELECT max(n.born) FROM place n INDEXED BY place_list
                  WHERE n.parent = ?1 AND n.item = p.item)
   AND p.item = (SELECT n.item
                   FROM place n INDEXED BY place_name CROSS JOIN item o
                  WHERE n.parent = ?1 AND n.name = p.name
                    AND o.id = n.item AND NOT o.folder
                  ORDER BY n.born DESC LIMIT 1)
 ORDER BY p.item;

-- STMT_HISTORY_LOOKUP
/* The item that had name ?2 in folder ?1 last. */
SELECT p.item FROM place p INDEXED BY place_name CROSS JOIN item i
 WHERE p.parent = ?1 AND p.name = ?2 AND i.id = p.item AND NOT i.folder
 ORDER BY p.born DESC LIMIT 1;

-- STMT_HISTORY_ITEMS
/* The items that are or were in folder ?1, one at a time. */
SELECT p.item FROM place p INDEXED BY place_list CROSS JOIN item i
 WHERE p.parent = ?1 AND p.item > ?2 AND i.id = p.item AND NOT i.folder
 ORDER BY p.item LIMIT 1;

-- STMT_HISTORY_EVENTS (sort)
/* The moments at which something happened to item ?1; what it held then, or
   NULL where only its place changed. */
SELECT born AS moment, content FROM state WHERE item = ?1
UNION ALL
SELECT born, NULL FROM place WHERE item = ?1
UNION ALL
SELECT died, NULL FROM place
 WHERE item = ?1 AND died < 9223372036854775807
 ORDER BY 1;
