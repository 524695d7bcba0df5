-- STMT_TREE_GET
/*
 * Entries. Every statement that yields one gives these columns in this order:
 *
 *   item parent node folder placed born content arrived size mode uid gid
 *   mtime ctime touched name
 *
 * "placed" is born of the place; "touched" the time of the newest change to a
 * folder's names since its state was born, else NULL. The place and the state
 * at a moment are the newest ones not after it: a seek each, whatever the
 * length of the history. The live tree is the one just before the end of time.
 */
SELECT p.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       CASE WHEN i.folder THEN
         (SELECT m.time FROM moment m WHERE m.id =
           (SELECT max(t.moment) FROM touch t
             WHERE t.folder = p.item AND t.moment > s.born
               AND t.moment <= ?2)) END,
       p.name
  FROM place p CROSS JOIN item i CROSS JOIN state s
 WHERE p.item = ?1
   AND p.born = (SELECT max(n.born) FROM place n
                  WHERE n.item = ?1 AND n.born <= ?2)
   AND p.died > ?2
   AND i.id = p.item
   AND s.item = p.item
   AND s.born = (SELECT max(n.born) FROM state n
                  WHERE n.item = p.item AND n.born <= ?2);

-- STMT_TREE_LOOKUP
SELECT p.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       CASE WHEN i.folder THEN
         (SELECT m.time FROM moment m WHERE m.id =
           (SELECT max(t.moment) FROM touch t
             WHERE t.folder = p.item AND t.moment > s.born
               AND t.moment <= ?2)) END,
       p.name
  FROM place p INDEXED BY place_name CROSS JOIN item i CROSS JOIN state s
 WHERE p.parent = ?1 AND p.name = ?3
   AND p.born = (SELECT max(n.born) FROM place n INDEXED BY place_name
                  WHERE n.parent = ?1 AND n.name = ?3 AND n.born <= ?2)
   AND p.died > ?2
   AND i.id = p.item
   AND s.item = p.item
   AND s.born = (SELECT max(n.born) FROM state n
                  WHERE n.item = p.item AND n.born <= ?2);

-- STMT_TREE_BY_NODE
SELECT p.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       CASE WHEN i.folder THEN
         (SELECT m.time FROM moment m WHERE m.id =
           (SELECT max(t.moment) FROM touch t
             WHERE t.folder = p.item AND t.moment > s.born)) END,
       p.name
  FROM item i CROSS JOIN place p CROSS JOIN state s
 WHERE i.node = ?1
   AND p.item = i.id
   AND p.born = (SELECT max(n.born) FROM place n WHERE n.item = i.id)
   AND p.died = 9223372036854775807
   AND s.item = i.id
   AND s.born = (SELECT max(n.born) FROM state n WHERE n.item = i.id);

-- STMT_TREE_LIST_LIVE
/* The places that have ended are not in this index: a folder through which
   many entries have passed lists like a new one. */
SELECT p.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       CASE WHEN i.folder THEN
         (SELECT m.time FROM moment m WHERE m.id =
           (SELECT max(t.moment) FROM touch t
             WHERE t.folder = p.item AND t.moment > s.born)) END,
       p.name
  FROM place p INDEXED BY place_live_list
       CROSS JOIN item i CROSS JOIN state s
 WHERE p.parent = ?1 AND p.item > ?2 AND p.died = 9223372036854775807
   AND i.id = p.item
   AND s.item = p.item
   AND s.born = (SELECT max(n.born) FROM state n WHERE n.item = p.item)
 ORDER BY p.item;

-- STMT_TREE_LIST_AT
SELECT p.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime,
       CASE WHEN i.folder THEN
         (SELECT m.time FROM moment m WHERE m.id =
           (SELECT max(t.moment) FROM touch t
             WHERE t.folder = p.item AND t.moment > s.born
               AND t.moment <= ?3)) END,
       p.name
  FROM place p INDEXED BY place_list
       CROSS JOIN item i CROSS JOIN state s
 WHERE p.parent = ?1 AND p.item > ?2 AND p.born <= ?3 AND p.died > ?3
   AND i.id = p.item
   AND s.item = p.item
   AND s.born = (SELECT max(n.born) FROM state n
                  WHERE n.item = p.item AND n.born <= ?3)
 ORDER BY p.item;

-- STMT_TREE_FORMER
/* The state before the one born at ?2, with the place of that time. */
SELECT s.item, p.parent, i.node, i.folder, p.born, s.born, s.content,
       s.arrived, s.size, s.mode, s.uid, s.gid, s.mtime, s.ctime, NULL,
       p.name
  FROM state s CROSS JOIN item i
  LEFT JOIN place p
    ON p.item = s.item
   AND p.born = (SELECT max(n.born) FROM place n
                  WHERE n.item = ?1 AND n.born <= s.born)
 WHERE s.item = ?1
   AND s.born = (SELECT max(n.born) FROM state n
                  WHERE n.item = ?1 AND n.born < ?2)
   AND i.id = s.item;

-- STMT_TREE_PLACE
/* Where an item is, without its state: steps of a path. */
SELECT p.parent, p.name FROM place p
 WHERE p.item = ?1
   AND p.born = (SELECT max(n.born) FROM place n
                  WHERE n.item = ?1 AND n.born <= ?2)
   AND p.died > ?2;

-- STMT_TREE_SPOT
/* The newest place of an item, also when it has ended. */
SELECT p.born, p.died, p.parent, p.name, i.folder, i.node
  FROM item i CROSS JOIN place p
 WHERE i.id = ?1 AND p.item = ?1
   AND p.born = (SELECT max(n.born) FROM place n WHERE n.item = ?1);

-- STMT_TREE_LIVE_NAME
/* Of all that ever had a name only the newest can have it still. */
SELECT item FROM place INDEXED BY place_name
 WHERE parent = ?1 AND name = ?2 AND died = 9223372036854775807
   AND born = (SELECT max(n.born) FROM place n INDEXED BY place_name
                WHERE n.parent = ?1 AND n.name = ?2);

-- STMT_TREE_ANY_CHILD
SELECT 1 FROM place INDEXED BY place_live_list
 WHERE parent = ?1 AND died = 9223372036854775807 LIMIT 1;

-- STMT_TREE_ADD_ITEM
INSERT INTO item (id, folder, node) VALUES (?1, ?2, ?3);

-- STMT_TREE_FREE_NODE
/* An item that has left the live tree keeps its node until another entry is
   known by it. */
UPDATE item SET node = NULL
 WHERE node = ?1 AND id <> ?2
   AND NOT EXISTS (SELECT 1 FROM place p
                    WHERE p.item = item.id AND p.died = 9223372036854775807);

-- STMT_TREE_SET_NODE
UPDATE item SET node = ?2 WHERE id = ?1;

-- STMT_TREE_ADD_PLACE
INSERT INTO place (item, born, parent, name) VALUES (?1, ?2, ?3, ?4);

-- STMT_TREE_END_PLACE
UPDATE place SET died = ?3 WHERE item = ?1 AND born = ?2;

-- STMT_TREE_DROP_PLACE
DELETE FROM place WHERE item = ?1 AND born = ?2;

-- STMT_TREE_NAME_SINCE
/* Has another than ?4 had the name since moment ?3? */
SELECT 1 FROM place INDEXED BY place_name
 WHERE parent = ?1 AND name = ?2 AND born >= ?3 AND item <> ?4 LIMIT 1;

-- STMT_TREE_REOPEN_PLACE
UPDATE place SET died = 9223372036854775807 WHERE item = ?1 AND born = ?2;

-- STMT_TREE_PLACE_BEFORE
/* The place before the first one born at ?2 or later. */
SELECT p.born, p.died, p.parent, p.name FROM place p
 WHERE p.item = ?1
   AND p.born = (SELECT max(n.born) FROM place n
                  WHERE n.item = ?1 AND n.born < ?2);

-- STMT_TREE_PUT_STATE
/* A second state within one moment takes the place of the first. */
INSERT OR REPLACE INTO state (item, born, content, arrived, size, mode, uid,
  gid, mtime, ctime)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- STMT_TREE_NEWEST_STATE
SELECT max(born) FROM state WHERE item = ?1;

-- STMT_TREE_AMEND_ATTR
UPDATE state SET mode = ?3, uid = ?4, gid = ?5, mtime = ?6, ctime = ?7
 WHERE item = ?1 AND born = ?2;

-- STMT_TREE_AMEND_CONTENT
UPDATE state SET content = ?3, arrived = ?4, size = ?5
 WHERE item = ?1 AND born = ?2;

-- STMT_TREE_GARBAGE
/* Not what is whole, since others may be deltas of it. */
INSERT OR IGNORE INTO garbage (content)
SELECT id FROM content WHERE id = ?1 AND base IS NOT NULL;

-- STMT_TREE_FORGET_STATES
/* With STMT_TREE_FORGET_ITEM: what came and went within one moment. */
DELETE FROM state WHERE item = ?1;

-- STMT_TREE_FORGET_ITEM
DELETE FROM item WHERE id = ?1;

-- STMT_TREE_DROP_STATE
DELETE FROM state WHERE item = ?1 AND born = ?2;

-- STMT_TREE_TOUCH
INSERT OR IGNORE INTO touch (folder, moment) VALUES (?1, ?2);

-- STMT_TREE_TOUCHED
/* The newest change to the names of a folder, or NULL. */
SELECT max(moment) FROM touch WHERE folder = ?1;

-- STMT_TREE_RECORDED
/* The newest moments that the record speaks of, or NULL. */
SELECT (SELECT max(before) FROM revision), (SELECT max(after) FROM revision);

-- STMT_CHANGE_CLEAR
/* What is taken back was no change; see also STMT_CHANGE_SWEEP. */
UPDATE change SET what = what & ~?3 WHERE moment = ?1 AND item = ?2;

-- STMT_CHANGE_SWEEP
DELETE FROM change WHERE moment = ?1 AND item = ?2 AND what = 0;
