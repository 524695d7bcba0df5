-- STMT_STORE_ROOT_PLACE
/* The root, item 1 of the schema, is there from moment 0 on, before the first
   change. */
INSERT INTO place (item, born, parent, name) VALUES (1, 0, 0, '');

-- STMT_STORE_ROOT_STATE
INSERT INTO state (item, born, size, mode, uid, gid, mtime, ctime)
VALUES (1, 0, 0, ?1, ?2, ?3, ?4, ?4);

-- STMT_STORE_TOP_ITEM
SELECT max(id) FROM item;

-- STMT_STORE_TOP_NODE
SELECT max(node) FROM item;

-- STMT_STORE_TOP_SCRATCH
SELECT max(id) FROM scratch;

-- STMT_STORE_TOP_REJECTED
SELECT max(id) FROM rejected;

-- STMT_STORE_SIZE (scan)
/* Bytes of the file when all of the log is in it. */
SELECT c.page_count * s.page_size FROM pragma_page_count c, pragma_page_size s;

-- STMT_STORE_FAIL_OPEN (scan)
/* What a crash cut short ends with the newest moment that carries it. A pull is
   in progress only while it waits for answers: it goes on waiting. */
UPDATE revision SET status = 'failed',
  after = coalesce((SELECT m.id FROM moment m
                     WHERE m.id > revision.before AND m.revision = revision.id
                     ORDER BY m.id DESC LIMIT 1), before)
 WHERE status = 'in progress' AND kind <> 'pull';

-- STMT_STORE_GARBAGE (scan)
/* Is there any? */
SELECT 1 FROM garbage LIMIT 1;

-- STMT_STORE_GARBAGE_KEEP (scan)
/* What is spoken of all the same is none. */
DELETE FROM garbage WHERE content IN
 (SELECT s.content FROM state s
   WHERE s.content IN (SELECT g.content FROM garbage g)
  UNION
  SELECT s.arrived FROM state s
   WHERE s.arrived IN (SELECT g.content FROM garbage g)
  UNION
  SELECT x.content FROM scratch x
   WHERE x.content IN (SELECT g.content FROM garbage g));

-- STMT_STORE_GARBAGE_DROP (scan)
DELETE FROM content WHERE id IN (SELECT g.content FROM garbage g);

-- STMT_STORE_GARBAGE_CLEAR (scan)
DELETE FROM garbage;

-- STMT_MOMENT_ADD
INSERT INTO moment (id, time, uid, pid, program, revision)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- STMT_MOMENT_NEWEST
SELECT id, time FROM moment WHERE id = (SELECT max(id) FROM moment);

-- STMT_MOMENT_UNTIL
/* The newest moment not after ?1. */
SELECT id, time FROM moment WHERE id <= ?1 ORDER BY id DESC LIMIT 1;

-- STMT_MOMENT_GET
SELECT time, uid, pid, program, revision FROM moment WHERE id = ?1;

-- STMT_CHANGE_ADD
INSERT INTO change (moment, item, what) VALUES (?1, ?2, ?3)
    ON CONFLICT (moment, item) DO UPDATE SET what = what | excluded.what;

-- STMT_CONTENT_FIND
SELECT id FROM content WHERE sha256 = ?1;

-- STMT_CONTENT_ADD
INSERT INTO content (sha256, size, base, bytes) VALUES (?1, ?2, ?3, ?4) RETURNING id;

-- STMT_CONTENT_GET
SELECT size, base, bytes, sha256 FROM content WHERE id = ?1;

-- STMT_CONTENT_BASE
/* The bytes a delta is made against; a statement of its own, since that of
   the delta is still open. */
SELECT size, base, bytes, sha256 FROM content WHERE id = ?1;

-- STMT_CONTENT_STAT
SELECT size, base, sha256 FROM content WHERE id = ?1;
