-- STMT_REVISION_GET
/* Same columns as every statement here that yields a revision: see
   revision_from_row(). */
SELECT id, kind, status, scope, before, after, name, description, counts,
       uid, pid, program, time
  FROM revision WHERE id = ?1;

-- STMT_REVISION_INSERT
/* ?5 and ?6 are NULL but for a snapshot, which is over at once. */
INSERT INTO revision (kind, status, scope, before, after, name, description,
                      uid, pid, program, time)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id;

-- STMT_REVISION_END
UPDATE revision SET status = ?2, after = ?3, counts = ?4 WHERE id = ?1;

-- STMT_REVISION_NEXT
/* The first revision after ?1: the list goes from one to the next, so that
   whoever is called for each may query. */
SELECT id, kind, status, scope, before, after, name, description, counts,
       uid, pid, program, time
  FROM revision WHERE id > ?1 ORDER BY id LIMIT 1;

-- STMT_SNAPSHOT_COVER (scan)
/* The folders that ?1 was, or stood below, and when: each from lo until
   before hi, nearest first. The scan is of the rows found so far. */
WITH RECURSIVE up (folder, lo, hi) AS (
  SELECT item, born, died FROM place WHERE item = ?1
  UNION
  SELECT p.parent, max(up.lo, p.born), min(up.hi, p.died)
    FROM up CROSS JOIN place p ON p.item = up.folder
   WHERE p.born < up.hi AND p.died > up.lo AND p.parent <> 0
)
SELECT folder, lo, hi FROM up;

-- STMT_SNAPSHOT_SAME
/* The first snapshot of folder ?1 at moment ?2 with an id above ?3. */
SELECT id, after FROM revision
 WHERE scope = ?1 AND kind = 'snapshot' AND after = ?2 AND id > ?3
 ORDER BY id LIMIT 1;

-- STMT_SNAPSHOT_NEXT
/* The first snapshot of folder ?1 after moment ?2 and before moment ?3. */
SELECT id, after FROM revision
 WHERE scope = ?1 AND kind = 'snapshot' AND after > ?2 AND after < ?3
 ORDER BY after, id LIMIT 1;

-- STMT_SNAPSHOT_LATEST
/* The newest snapshot of folder ?1 at a moment from ?2 until before ?3. */
SELECT id FROM revision
 WHERE scope = ?1 AND kind = 'snapshot' AND after >= ?2 AND after < ?3
 ORDER BY after DESC, id DESC LIMIT 1;

-- STMT_SNAPSHOT_BY_NAME
SELECT id, after FROM revision WHERE scope = ?1 AND name = ?2;
