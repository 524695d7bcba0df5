-- STMT_KIND_PUT
INSERT OR REPLACE INTO kinds (name, text) VALUES (?1, ?2);

-- STMT_KIND_LIST
SELECT text FROM kinds WHERE name > '' ORDER BY name;

-- STMT_KIND_USED (scan)
/* Has anything ever been in the repository? */
SELECT 1 FROM change LIMIT 1;
