-- STMT_SECRET_KEY_GET
SELECT value FROM meta WHERE key = 'key';

-- STMT_SECRET_KEY_PUT
INSERT OR REPLACE INTO meta (key, value) VALUES ('key', ?1);

-- STMT_SECRET_ANY (scan)
/* Is anything sealed that would be lost without its key? The scans end at the
   first row; of what was refused there are few. */
SELECT EXISTS (SELECT 1 FROM secret)
    OR EXISTS (SELECT 1 FROM scratch INDEXED BY scratch_sealed
                WHERE sealed = 1)
    OR EXISTS (SELECT 1 FROM rejected WHERE sealed = 1);

-- STMT_SECRET_SCRATCH
/* As STMT_TREE_PLACE has it. */
SELECT parent, name FROM scratch WHERE id = ?1;

-- STMT_SECRET_PUT
INSERT OR REPLACE INTO secret (item, at, sealed) VALUES (?1, ?2, ?3);

-- STMT_SECRET_GET
SELECT sealed FROM secret WHERE item = ?1 AND at = ?2;

-- STMT_SECRET_DROP
DELETE FROM secret WHERE item = ?1 AND at = ?2;

-- STMT_SECRET_NEXT
/* The next member of item ?1 that has one. */
SELECT at FROM secret WHERE item = ?1 AND at > ?2 ORDER BY at LIMIT 1;

-- STMT_SECRET_NEXT_ITEM
SELECT item FROM secret WHERE item > ?1 ORDER BY item LIMIT 1;

-- STMT_SECRET_FORMER_PUT
INSERT OR REPLACE INTO secret_former (item, at, moment, time, sealed)
VALUES (?1, ?2, ?3, ?4, (SELECT sealed FROM secret
                          WHERE item = ?1 AND at = ?2));

-- STMT_SECRET_FORMER_CLEAR
DELETE FROM secret_former WHERE item = ?1;

-- STMT_SECRET_FORMER_NEXT
SELECT at, sealed FROM secret_former
 WHERE item = ?1 AND moment = ?2 AND at > ?3 ORDER BY at LIMIT 1;

-- STMT_SECRET_FORMER_OLD (scan)
/* There are those of the last seconds only. */
DELETE FROM secret_former WHERE time < ?1;

-- STMT_SECRET_FORMER_FORGET (scan)
/* The file is opened: nothing is turned into a copy any more. */
DELETE FROM secret_former WHERE item > 0;

-- STMT_SECRET_SENT_PUT
INSERT OR REPLACE INTO secret_sent (item, content, digest)
VALUES (?1, ?2, ?3);

-- STMT_SECRET_SENT_DROP
DELETE FROM secret_sent WHERE item = ?1 AND content = ?2;

-- STMT_SECRET_SENT_MOVE
UPDATE secret_sent SET item = ?3 WHERE item = ?1 AND content = ?2;

-- STMT_SECRET_LACK_ADD
INSERT OR IGNORE INTO secret_lack (item, file, at) VALUES (?1, ?2, ?3);

-- STMT_SECRET_LACK_DROP
DELETE FROM secret_lack WHERE item = ?1 AND file = ?2 AND at = ?3;

-- STMT_SECRET_LACK_CLEAR
DELETE FROM secret_lack WHERE item = ?1 AND file = ?2;

-- STMT_SECRET_LACK_HAS
SELECT 1 FROM secret_lack WHERE item = ?1 AND file = ?2 AND at = ?3;

-- STMT_SECRET_LACK_NEXT_ITEM
SELECT item FROM secret_lack WHERE item > ?1 ORDER BY item LIMIT 1;

-- STMT_SECRET_COUNT (scan)
SELECT count(*) FROM secret;

-- STMT_SECRET_LOSE_VALUES (scan)
/* From here on: the key is lost. Items lack what they had. */
INSERT OR IGNORE INTO secret_lack (item, file, at)
SELECT item, 0, at FROM secret;

-- STMT_SECRET_LOSE (scan)
DELETE FROM secret;

-- STMT_SECRET_LOSE_FORMER (scan)
DELETE FROM secret_former;

-- STMT_SECRET_LOSE_SENT (scan)
DELETE FROM secret_sent;

-- STMT_SECRET_LOSE_CHUNKS (scan)
DELETE FROM scratch_chunk WHERE scratch IN
 (SELECT id FROM scratch INDEXED BY scratch_sealed WHERE sealed = 1);

-- STMT_SECRET_LOSE_FILES
DELETE FROM scratch WHERE sealed = 1;

-- STMT_SECRET_LOSE_REFUSED (scan)
DELETE FROM rejected WHERE sealed = 1;

-- STMT_SECRET_LOSE_KEY
DELETE FROM meta WHERE key = 'key';
