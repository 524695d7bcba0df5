-- STMT_INBOX_GET
SELECT value FROM meta WHERE key = 'inbox';

-- STMT_INBOX_PUT
INSERT OR REPLACE INTO meta (key, value) VALUES ('inbox', ?1);
