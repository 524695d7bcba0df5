-- STMT_REPORT_ADD
/* ?1: the batch; NULL: the line is alone, a batch of itself. */
INSERT INTO report (batch, time, uid, program, folder, asked, went, item,
                    outcome, reason, detail)
VALUES (coalesce(?1, (SELECT coalesce(max(id), 0) + 1 FROM report)),
        ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
RETURNING id;

-- STMT_REPORT_PRUNE
/* Keep the newest ?1. */
DELETE FROM report WHERE id <= (SELECT max(id) FROM report) - ?1;

-- STMT_REPORT_NEXT
/* The first line after ?1: from one to the next, since the caller queries for
   each. */
SELECT id, time, uid, program, folder, asked, went, outcome, reason, detail,
       item, batch
  FROM report WHERE id > ?1 ORDER BY id LIMIT 1;

-- STMT_REPORT_REVISION
/* The revision that batch ?1 is. */
SELECT id FROM revision INDEXED BY revision_report
 WHERE report = ?1 AND report IS NOT NULL;

-- STMT_REPORT_IS_OF
/* Batch ?2 is the report of revision ?1. */
UPDATE revision SET report = ?2 WHERE id = ?1;

-- STMT_REPORT_TAKE_BACK (scan)
/* Of the newest lines the last one that says that item ?1 was edited. */
DELETE FROM report WHERE id =
 (SELECT max(id)
    FROM (SELECT id, item, outcome FROM report ORDER BY id DESC LIMIT 256)
   WHERE item = ?1 AND outcome = 'edited');

-- STMT_BATCH_ADOPT
/* Moment ?1 turns out to be part of revision ?2. */
UPDATE moment SET revision = ?2 WHERE id = ?1;

-- STMT_BATCH_PROGRESS
UPDATE revision SET counts = ?2 WHERE id = ?1;

-- STMT_BATCH_SCOPE
UPDATE revision SET scope = ?2, report = ?3 WHERE id = ?1;

-- STMT_REJECTED_ADD
INSERT INTO rejected (id, folder, name, time, uid, size, bytes, reason, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- STMT_REJECTED_DROP
DELETE FROM rejected WHERE id = ?1;

-- STMT_REJECTED_PRUNE (scan sort)
/* Keep the newest, and of those before it the newest that are within ?1 rows
   and ?2 bytes altogether. There are never more than ?1 + 1. */
DELETE FROM rejected WHERE id <=
 (SELECT max(id) FROM
   (SELECT id, row_number() OVER newest AS place,
           sum(length(bytes)) OVER newest AS total
      FROM rejected WINDOW newest AS (ORDER BY id DESC
                        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
   WHERE place > 1 AND (place > ?1 OR total > ?2));

-- STMT_REJECTED_LIST
SELECT id, folder, name, time, uid, size, reason, sealed FROM rejected
 WHERE folder = ?1 AND id > ?2 ORDER BY id;

-- STMT_REJECTED_GET
SELECT folder, time, uid, size, bytes, sealed FROM rejected WHERE id = ?1;
