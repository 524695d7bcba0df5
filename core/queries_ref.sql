-- STMT_REF_LOOK
/* A live name in a folder. */
SELECT p.item, i.folder
  FROM place p INDEXED BY place_name CROSS JOIN item i
 WHERE p.parent = ?1 AND p.name = ?2 AND p.died = 9223372036854775807
   AND p.born = (SELECT max(n.born) FROM place n INDEXED BY place_name
                  WHERE n.parent = ?1 AND n.name = ?2)
   AND i.id = p.item;

-- STMT_REF_CONTENT
/* What an item holds. */
SELECT content FROM state WHERE item = ?1
   AND born = (SELECT max(n.born) FROM state n WHERE n.item = ?1);

-- STMT_REF_CHILD
/* The live entry of a folder with the lowest id above ?2. */
SELECT p.item, i.folder, p.name
  FROM place p INDEXED BY place_live_list CROSS JOIN item i
 WHERE p.parent = ?1 AND p.item > ?2 AND p.died = 9223372036854775807
   AND i.id = p.item
 ORDER BY p.item LIMIT 1;

-- STMT_REF_READ
/* All that an item refers to, in the order of the key. */
SELECT form, target, leads, missing FROM ref WHERE item = ?1
 ORDER BY form, target, leads;

-- STMT_REF_TO
/* The next row, by (item, leads), that names ?2. */
SELECT item, leads, missing FROM ref INDEXED BY ref_target
 WHERE form = ?1 AND target = ?2 AND (item, leads) > (?3, ?4)
 ORDER BY item, leads LIMIT 1;

-- STMT_REF_NEXT_TARGET
/* The next target of a form above ?2 and below ?3. */
SELECT target FROM ref INDEXED BY ref_target
 WHERE form = ?1 AND target > ?2 AND target < ?3
 ORDER BY target LIMIT 1;

-- STMT_REF_NEXT_MISSING
/* The next item with a reference to nothing. */
SELECT item FROM ref INDEXED BY ref_missing
 WHERE missing = 1 AND item > ?1 ORDER BY item LIMIT 1;

-- STMT_REF_NEXT_ITEM
/* The next item that refers to anything; for the check. */
SELECT item FROM ref WHERE item > ?1 ORDER BY item LIMIT 1;

-- STMT_REF_ADD
INSERT INTO ref (item, form, target, leads, missing)
VALUES (?1, ?2, ?3, ?4, ?5);

-- STMT_REF_REMOVE
DELETE FROM ref WHERE item = ?1 AND form = ?2 AND target = ?3 AND leads = ?4;

-- STMT_REF_CLEAR
DELETE FROM ref WHERE item = ?1;

-- STMT_REF_PATH_THERE
/* The path ?1 leads to an item of the kinds ?2, and to a folder of the kinds
   ?3; 0: to none. ?4 is the bit for folders, ?5 those of all kinds: who names
   no kind means any folder. */
UPDATE ref SET missing = 1 - missing
 WHERE form = 0 AND target = ?1
   AND missing <> ((leads & ?2) = 0
               AND ((leads & ?4) = 0 OR ?3 = 0
                    OR ((leads & ?3) = 0 AND (leads & ?5) <> 0)));

-- STMT_REF_ID_THERE
/* Is there an item that has the id ?1, of a kind that is meant? */
UPDATE ref SET missing = 1 - missing
 WHERE form = 1 AND target = ?1
   AND missing <> NOT EXISTS (SELECT 1 FROM own_id o INDEXED BY own_id_id
                               WHERE o.id = ?1
                                 AND ((ref.leads >> o.kind) & 1) = 1);

-- STMT_OWN_GET
SELECT kind, id FROM own_id WHERE item = ?1;

-- STMT_OWN_PUT
INSERT OR REPLACE INTO own_id (item, kind, id) VALUES (?1, ?2, ?3);

-- STMT_OWN_DROP
DELETE FROM own_id WHERE item = ?1;

-- STMT_OWN_NEXT
/* The next item that has the id ?1. */
SELECT item, kind FROM own_id INDEXED BY own_id_id
 WHERE id = ?1 AND item > ?2 ORDER BY item LIMIT 1;

-- STMT_OWN_NEXT_ITEM
SELECT item FROM own_id WHERE item > ?1 ORDER BY item LIMIT 1;

-- STMT_COPIED_ADD
INSERT OR REPLACE INTO copied (item, original) VALUES (?1, ?2);

-- STMT_COPIED_GET
SELECT original FROM copied WHERE item = ?1;

-- STMT_COPIED_TO
/* The newest copy of ?1 with a number below ?2. */
SELECT item FROM copied INDEXED BY copied_original
 WHERE original = ?1 AND item < ?2 ORDER BY item DESC LIMIT 1;

-- STMT_LINEAGE
/* What an item held, newest first, with what was sent. */
SELECT content, coalesce(arrived, content) FROM state
 WHERE item = ?1 ORDER BY born DESC;

-- STMT_REF_CHANGED
/* What changed at a moment in one of the ways ?2. */
SELECT item, what FROM change WHERE moment = ?1 AND (what & ?2) <> 0;

-- STMT_RENAMED_PUT
INSERT OR IGNORE INTO renamed (batch, form, asked, home, item)
VALUES (?1, ?2, ?3, ?4, ?5);

-- STMT_RENAMED_GET
SELECT item FROM renamed
 WHERE batch = ?1 AND form = ?2 AND asked = ?3 AND home = ?4;

-- STMT_RENAMED_ITEM
/* Has it another name than was asked for? */
SELECT 1 FROM renamed INDEXED BY renamed_item
 WHERE batch = ?1 AND item = ?2 AND form = 0;

-- STMT_RENAMED_END
DELETE FROM renamed WHERE batch = ?1;

-- STMT_RENAMED_FORGET (scan)
/* No batch is open. Without a condition an empty table would be written. */
DELETE FROM renamed WHERE batch > 0;

-- STMT_RENAMED_BORN
/* When the life of an item began, and what that moment was part of. */
SELECT p.born, (SELECT m.revision FROM moment m WHERE m.id = p.born)
  FROM place p
 WHERE p.item = ?1
   AND p.born = (SELECT min(n.born) FROM place n WHERE n.item = ?1);
