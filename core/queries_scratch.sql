-- STMT_SCRATCH_GET
/* Every statement that yields a scratch file gives these columns in this
   order. */
SELECT id, parent, type, mode, uid, gid, mtime, ctime, size, content, was,
       name, sealed
  FROM scratch WHERE id = ?1;

-- STMT_SCRATCH_LOOKUP
SELECT id, parent, type, mode, uid, gid, mtime, ctime, size, content, was,
       name, sealed
  FROM scratch WHERE parent = ?1 AND name = ?2;

-- STMT_SCRATCH_LIST
SELECT id, parent, type, mode, uid, gid, mtime, ctime, size, content, was,
       name, sealed
  FROM scratch INDEXED BY scratch_list WHERE parent = ?1 AND id > ?2
 ORDER BY id;

-- STMT_SCRATCH_ANY
SELECT 1 FROM scratch INDEXED BY scratch_list WHERE parent = ?1 LIMIT 1;

-- STMT_SCRATCH_TARGET
SELECT target FROM scratch WHERE id = ?1;

-- STMT_SCRATCH_ADD
INSERT INTO scratch (id, parent, name, type, mode, uid, gid, mtime, ctime,
  size, content, was, target)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);

-- STMT_SCRATCH_SET_ATTR
UPDATE scratch SET mode = ?2, uid = ?3, gid = ?4, mtime = ?5, ctime = ?6
 WHERE id = ?1;

-- STMT_SCRATCH_SET_SIZE
/* With bytes of its own it is a copy no more. */
UPDATE scratch SET size = ?2, content = NULL, mtime = ?3, ctime = ?3,
       sealed = ?4
 WHERE id = ?1;

-- STMT_SCRATCH_MOVE
UPDATE scratch SET parent = ?2, name = ?3, ctime = ?4 WHERE id = ?1;

-- STMT_SCRATCH_REMOVE
DELETE FROM scratch WHERE id = ?1;

-- STMT_SCRATCH_CHUNKS
SELECT seq, bytes FROM scratch_chunk WHERE scratch = ?1 ORDER BY seq;

-- STMT_SCRATCH_CHUNK
SELECT bytes FROM scratch_chunk WHERE scratch = ?1 AND seq = ?2;

-- STMT_SCRATCH_PUT_CHUNK
INSERT OR REPLACE INTO scratch_chunk (scratch, seq, bytes)
VALUES (?1, ?2, ?3);

-- STMT_SCRATCH_DROP_CHUNKS
DELETE FROM scratch_chunk WHERE scratch = ?1;
