/* The invariants of a repository. Each statement yields one sentence per row
   that breaks one; a sound repository yields nothing. They look at everything
   there is, so scans are in their nature. */

-- STMT_CHECK_FILE (scan)
/* SQLite's own: pages, indexes, constraints. */
SELECT 'database: ' || integrity_check FROM pragma_integrity_check
 WHERE integrity_check <> 'ok';

-- STMT_CHECK_ITEM (scan)
/* An item has had a place, and a state since its first one. */
SELECT format('item %d has no place', i.id) FROM item i
 WHERE NOT EXISTS (SELECT 1 FROM place p WHERE p.item = i.id)
UNION ALL
SELECT format('item %d has no state when its life begins', i.id) FROM item i
 WHERE coalesce((SELECT min(s.born) FROM state s WHERE s.item = i.id) >
                (SELECT min(p.born) FROM place p WHERE p.item = i.id), 1);

-- STMT_CHECK_ROOT (scan)
/* The root, and nothing else, is in no folder, and there for ever. */
SELECT format('item %d stands beside the root at moment %d', p.item, p.born)
  FROM place p WHERE p.parent = 0 AND p.item <> 1
UNION ALL
SELECT 'the root folder is not there'
 WHERE NOT EXISTS (SELECT 1 FROM place p CROSS JOIN item i ON i.id = p.item
                    WHERE p.item = 1 AND p.parent = 0 AND p.born = 0
                      AND p.died = 9223372036854775807 AND i.folder);

-- STMT_CHECK_PLACE_OWNER (scan)
SELECT format('place of item %d, which does not exist', p.item) FROM place p
 WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.id = p.item)
UNION ALL
SELECT format('state of item %d, which does not exist', s.item) FROM state s
 WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.id = s.item);

-- STMT_CHECK_PLACE_ITEM (scan)
/* An item is in one place at a time. */
SELECT format('item %d is in two places at moment %d', p.item, n.born)
  FROM place p CROSS JOIN place n
 WHERE n.item = p.item AND n.born > p.born AND n.born < p.died;

-- STMT_CHECK_PLACE_NAME (scan)
/* A name is one item's at a time. */
SELECT format('items %d and %d are both ''%s'' in folder %d at moment %d',
              p.item, n.item, p.name, p.parent, n.born)
  FROM place p CROSS JOIN place n INDEXED BY place_name
 WHERE n.parent = p.parent AND n.name = p.name AND n.item <> p.item
   AND n.born >= p.born AND n.born < p.died;

-- STMT_CHECK_NAME_SCRATCH (scan)
SELECT format('item %d and scratch file %d are both ''%s'' in folder %d',
              p.item, s.id, s.name, s.parent)
  FROM scratch s CROSS JOIN place p INDEXED BY place_name
 WHERE p.parent = s.parent AND p.name = s.name
   AND p.died = 9223372036854775807;

-- STMT_CHECK_PARENT_FOLDER (scan)
SELECT format('item %d is in %d, which is no folder', p.item, p.parent)
  FROM place p
 WHERE p.parent <> 0
   AND NOT EXISTS (SELECT 1 FROM item i WHERE i.id = p.parent AND i.folder);

-- STMT_CHECK_PARENT_LIVES (scan)
/* A folder is there as long as something is in it. */
SELECT format('item %d is in folder %d at moment %d, when that is not there',
              p.item, p.parent, p.born)
  FROM place p
 WHERE p.parent <> 0
   AND NOT EXISTS (SELECT 1 FROM place f
                    WHERE f.item = p.parent AND f.born <= p.born
                      AND f.died > p.born)
UNION ALL
SELECT format('item %d stays in folder %d, which goes at moment %d',
              p.item, p.parent, f.died)
  FROM place p CROSS JOIN place f
 WHERE f.item = p.parent AND f.died > p.born AND f.died < p.died
   AND NOT EXISTS (SELECT 1 FROM place n
                    WHERE n.item = f.item AND n.born = f.died);

-- STMT_CHECK_LOOP (scan)
/* Going up from where a folder arrives one never meets it again. */
WITH RECURSIVE up (start, moment, folder) AS (
  SELECT p.item, p.born, p.parent
    FROM item i CROSS JOIN place p ON p.item = i.id WHERE i.folder
  UNION
  SELECT up.start, up.moment, p.parent
    FROM up CROSS JOIN place p ON p.item = up.folder
   WHERE p.born <= up.moment AND p.died > up.moment
     AND up.folder <> up.start
)
SELECT format('folder %d is inside itself at moment %d', start, moment)
  FROM up WHERE folder = start;

-- STMT_CHECK_REACH (scan)
/* All that lives is found from the root. */
WITH RECURSIVE reached (item) AS (
  VALUES (1)
  UNION
  SELECT p.item
    FROM reached r CROSS JOIN place p INDEXED BY place_live_list
      ON p.parent = r.item
   WHERE p.died = 9223372036854775807
)
SELECT format('item %d is live, but not below the root', p.item)
  FROM place p
 WHERE p.died = 9223372036854775807
   AND p.item NOT IN (SELECT item FROM reached);

-- STMT_CHECK_STATE (scan)
/* Items hold contents, folders none. */
SELECT format('item %d, moment %d: a folder with a content', s.item, s.born)
  FROM state s CROSS JOIN item i ON i.id = s.item
 WHERE i.folder AND s.content IS NOT NULL
UNION ALL
SELECT format('item %d, moment %d: its content %s is not there', s.item,
              s.born, coalesce(s.content, 'NULL'))
  FROM state s CROSS JOIN item i ON i.id = s.item
 WHERE NOT i.folder
   AND NOT EXISTS (SELECT 1 FROM content c WHERE c.id = s.content)
UNION ALL
SELECT format('item %d, moment %d: size %d, but its content has %d', s.item,
              s.born, s.size, c.size)
  FROM state s CROSS JOIN content c ON c.id = s.content
 WHERE c.size <> s.size
UNION ALL
SELECT format('item %d, moment %d: content %d, as it arrived, is not there',
              s.item, s.born, s.arrived)
  FROM state s
 WHERE s.arrived IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM content c WHERE c.id = s.arrived);

-- STMT_CHECK_BASE (scan)
/* A delta is against a content that is whole: no chains. */
SELECT format('content %d: its base %d is %s', c.id, c.base,
              CASE WHEN b.id IS NULL THEN 'not there' ELSE 'not whole' END)
  FROM content c LEFT JOIN content b ON b.id = c.base
 WHERE c.base IS NOT NULL AND (b.id IS NULL OR b.base IS NOT NULL);

-- STMT_CHECK_MOMENT (scan)
/* Times never go back. */
SELECT format('moment %d is earlier than the one before it', m.id)
  FROM moment m
 WHERE m.time < (SELECT n.time FROM moment n WHERE n.id < m.id
                  ORDER BY n.id DESC LIMIT 1);

-- STMT_CHECK_CHANGED (scan)
/* What happened is in the record of changes; the root was there before it. */
SELECT format('item %d: its place of moment %d is not recorded', p.item,
              p.born)
  FROM place p
 WHERE p.born <> 0
   AND NOT EXISTS (SELECT 1 FROM change c
                    WHERE c.moment = p.born AND c.item = p.item)
UNION ALL
SELECT format('item %d: the end of its place at moment %d is not recorded',
              p.item, p.died)
  FROM place p
 WHERE p.died <> 9223372036854775807
   AND NOT EXISTS (SELECT 1 FROM change c
                    WHERE c.moment = p.died AND c.item = p.item)
UNION ALL
SELECT format('item %d: its state of moment %d is not recorded', s.item,
              s.born)
  FROM state s
 WHERE s.born <> 0
   AND NOT EXISTS (SELECT 1 FROM change c
                    WHERE c.moment = s.born AND c.item = s.item);

-- STMT_CHECK_CHANGE (scan)
/* What is recorded did happen, at a moment that there is. */
SELECT format('change of item %d at moment %d, which does not exist', c.item,
              c.moment)
  FROM change c
 WHERE NOT EXISTS (SELECT 1 FROM moment m WHERE m.id = c.moment)
UNION ALL
SELECT format('change of item %d at moment %d, but nothing changed', c.item,
              c.moment)
  FROM change c
 WHERE NOT EXISTS (SELECT 1 FROM place p
                    WHERE p.item = c.item
                      AND (p.born = c.moment OR p.died = c.moment))
   AND NOT EXISTS (SELECT 1 FROM state s
                    WHERE s.item = c.item AND s.born = c.moment);

-- STMT_CHECK_TOUCH (scan)
/* A folder's times follow from the names that come and go in it. */
SELECT format('folder %d: a name that came at moment %d is not marked',
              p.parent, p.born)
  FROM place p
 WHERE p.parent <> 0
   AND NOT EXISTS (SELECT 1 FROM touch t
                    WHERE t.folder = p.parent AND t.moment = p.born)
UNION ALL
SELECT format('folder %d: a name that went at moment %d is not marked',
              p.parent, p.died)
  FROM place p
 WHERE p.died <> 9223372036854775807
   AND NOT EXISTS (SELECT 1 FROM touch t
                    WHERE t.folder = p.parent AND t.moment = p.died);

-- STMT_CHECK_REVISION (scan)
SELECT format('revision %d: there is no moment %d', r.id, r.before)
  FROM revision r
 WHERE r.before <> 0
   AND NOT EXISTS (SELECT 1 FROM moment m WHERE m.id = r.before)
UNION ALL
SELECT format('revision %d: there is no moment %d', r.id, r.after)
  FROM revision r
 WHERE r.after <> 0
   AND NOT EXISTS (SELECT 1 FROM moment m WHERE m.id = r.after)
UNION ALL
SELECT format('revision %d ends before it begins', r.id)
  FROM revision r WHERE r.after < r.before
UNION ALL
SELECT format('revision %d is %s, %s', r.id, r.status,
              iif(r.after IS NULL, 'without an end', 'with an end'))
  FROM revision r WHERE (r.after IS NULL) <> (r.status = 'in progress')
UNION ALL
SELECT format('revision %d is a ''%s'' that is ''%s''', r.id, r.kind,
              r.status)
  FROM revision r
 WHERE r.kind NOT IN ('snapshot', 'revert', 'restore', 'pull')
    OR r.status NOT IN ('in progress', 'completed', 'failed', 'canceled')
UNION ALL
SELECT format('revision %d is of %d, which is no folder', r.id, r.scope)
  FROM revision r
 WHERE NOT EXISTS (SELECT 1 FROM item i WHERE i.id = r.scope AND i.folder)
UNION ALL
SELECT format('moment %d is part of revision %d, which does not exist', m.id,
              m.revision)
  FROM moment m
 WHERE m.revision IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM revision r WHERE r.id = m.revision);

-- STMT_CHECK_NODE (scan)
/* What the kernel knows a live item by is no scratch file's number. */
SELECT format('item %d and a scratch file are both node %d', i.id, i.node)
  FROM scratch s CROSS JOIN item i ON i.node = s.id
 WHERE EXISTS (SELECT 1 FROM place p
                WHERE p.item = i.id AND p.died = 9223372036854775807);

-- STMT_CHECK_SCRATCH (scan)
/* A scratch file is in a folder that is there. */
SELECT format('scratch file %d is in %d, which is no folder', s.id, s.parent)
  FROM scratch s
 WHERE NOT EXISTS (SELECT 1 FROM place p CROSS JOIN item i ON i.id = p.item
                    WHERE p.item = s.parent
                      AND p.died = 9223372036854775807 AND i.folder)
   AND NOT EXISTS (SELECT 1 FROM scratch f
                    WHERE f.id = s.parent AND f.type = 2)
UNION ALL
SELECT format('scratch file %d: its content %d is not there', s.id, s.content)
  FROM scratch s
 WHERE s.content IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM content c WHERE c.id = s.content)
UNION ALL
SELECT format('bytes of scratch file %d, which does not exist', k.scratch)
  FROM scratch_chunk k
 WHERE NOT EXISTS (SELECT 1 FROM scratch s WHERE s.id = k.scratch);

-- STMT_CHECK_NAMES (scan)
/* All names there ever were; the rules for them are core/name's. */
SELECT p.item, p.name, i.folder, p.born
  FROM place p CROSS JOIN item i ON i.id = p.item WHERE p.parent <> 0;

-- STMT_CHECK_CONTENTS (scan)
SELECT count(*) FROM content;

-- STMT_CHECK_CONTENT_NEXT
SELECT id FROM content WHERE id > ?1 ORDER BY id LIMIT 1;

-- STMT_CHECK_NEXT_LIVE
/* The next item, not folder, that is in the tree. */
SELECT i.id FROM item i
 WHERE i.id > ?1 AND i.folder = 0
   AND EXISTS (SELECT 1 FROM place p
                WHERE p.item = i.id AND p.died = 9223372036854775807)
 ORDER BY i.id LIMIT 1;

-- STMT_CHECK_SEALED_FILE
SELECT id FROM scratch INDEXED BY scratch_sealed
 WHERE sealed = 1 AND id > ?1 ORDER BY id LIMIT 1;

-- STMT_CHECK_SEALED_REFUSED
SELECT id FROM rejected WHERE id > ?1 AND sealed = 1 ORDER BY id LIMIT 1;
