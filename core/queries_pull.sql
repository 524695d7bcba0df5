-- STMT_PULL_ADD
INSERT INTO pull (revision, source, asked, said) VALUES (?1, ?2, ?3, ?4);

-- STMT_PULL_SAY
UPDATE pull SET said = ?2 WHERE revision = ?1;

-- STMT_PULL_PROGRESS
/* One that waits begins, for the record, with the present. */
UPDATE revision SET before = ?2, counts = ?3 WHERE id = ?1;

-- STMT_PULL_WAITING
/* The pull that waits for answers in folder ?1. */
SELECT r.id, r.uid, r.pid, r.program, r.time, r.before, p.source, p.asked,
       p.said
  FROM revision r INDEXED BY revision_scope
       CROSS JOIN pull p ON p.revision = r.id
 WHERE r.scope = ?1 AND r.kind = 'pull' AND r.after IS NULL
   AND r.status = 'in progress';

-- STMT_PULL_LAST
/* The newest pull into folder ?1 from folder ?2 that ended before moment ?3. */
SELECT r.id, r.before, r.after
  FROM revision r INDEXED BY revision_scope
       CROSS JOIN pull p ON p.revision = r.id
 WHERE r.scope = ?1 AND r.kind = 'pull' AND r.after > 0
   AND r.status = 'completed' AND p.source = ?2 AND r.after < ?3
 ORDER BY r.after DESC, r.id DESC LIMIT 1;

-- STMT_PULL_ANSWER
INSERT OR REPLACE INTO pull_answer (revision, place, theirs)
VALUES (?1, ?2, ?3);

-- STMT_PULL_ANSWERS
SELECT place, theirs FROM pull_answer WHERE revision = ?1 ORDER BY place;

-- STMT_PULL_FORGET
DELETE FROM pull_answer WHERE revision = ?1;

-- STMT_PULL_CHANGED
/* What changed after moment ?1, other than by revision ?2; an item once for
   each time. */
SELECT c.item FROM change c CROSS JOIN moment m ON m.id = c.moment
 WHERE c.moment > ?1 AND m.revision IS NOT ?2;

-- STMT_PULL_FIRST
/* What an item was sent as, when its life began. */
SELECT coalesce(arrived, content), born FROM state
 WHERE item = ?1 ORDER BY born LIMIT 1;

-- STMT_PULL_HELD
/* Since when did item ?1 ever hold content ?2? */
SELECT born FROM state WHERE item = ?1 AND (content = ?2 OR arrived = ?2)
 ORDER BY born LIMIT 1;

-- STMT_PULL_STORED
/* Content ?2 itself if item ?1 held it, else what that held last which was sent
   as that. */
SELECT coalesce((SELECT content FROM state
                  WHERE item = ?1 AND content = ?2 LIMIT 1),
                (SELECT content FROM state
                  WHERE item = ?1 AND arrived = ?2 ORDER BY born DESC LIMIT 1),
                ?2);

-- STMT_PULL_SAMPLE
/* What something that revision ?1 made is known to be a copy of. */
SELECT c.original
  FROM revision r
       CROSS JOIN moment m ON m.id > r.before
                          AND m.id <= coalesce(r.after, 9223372036854775807)
       CROSS JOIN change h ON h.moment = m.id
       CROSS JOIN copied c ON c.item = h.item
 WHERE r.id = ?1 AND m.revision = r.id ORDER BY m.id LIMIT 1;

-- STMT_PULL_AGAIN
/* Did it hold it after moment ?3? */
SELECT 1 FROM state WHERE item = ?1 AND content = ?2 AND born > ?3 LIMIT 1;

-- STMT_PULLED_ADD
INSERT OR REPLACE INTO pulled (item, source) VALUES (?1, ?2);

-- STMT_PULLED_FROM
SELECT source FROM pulled WHERE item = ?1;

-- STMT_PULLED_TO
/* What came of ?1, the newest with a number below ?2. */
SELECT item FROM pulled INDEXED BY pulled_source
 WHERE source = ?1 AND item < ?2 ORDER BY item DESC LIMIT 1;

-- STMT_PULL_ENDED
/* The end of the newest place of an item. */
SELECT max(died) FROM place WHERE item = ?1;
