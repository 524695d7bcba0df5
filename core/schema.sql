-- VERSION 1
/*
 * A repository: folders, and items that are JSON documents, with every
 * version of everything.
 *
 * The clock of the whole file is the moment: a number that grows by one with
 * each commit that changes the tree. The tree at moment m is
 *
 *   the places with born <= m < died, and of each item the newest state with
 *   born <= m.
 *
 * Three identities are kept apart. An *item* is what has a history; it follows
 * the name through every way of saving. A *node* is the number that the kernel
 * knows an entry by; it means something in the live tree only and may change
 * with a save (an editor that renames a new file over the old one). A *place*
 * is a folder and a name. A save adds one state and no place; a move adds one
 * place and no state.
 *
 * Example. Moment 5 creates /rules (item 2) with A.json (item 3), 6 saves A,
 * 7 renames it to B, 8 deletes it:
 *
 *   place  item born died parent name      state  item born content
 *          2    5    max  1      rules            2    5    NULL
 *          3    5    7    2      A.json           3    5    1
 *          3    7    8    2      B.json           3    6    2
 *
 * Item ids, nodes and scratch ids come from one sequence and are never used
 * twice within an open file. Item 1 is the root folder; its one place has
 * parent 0 and the empty name. It is born at moment 0, before the first change:
 * there is no row of moment or change for that.
 */
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

/* One row per commit that changed the tree. Times never go back, so an instant
   is found by halving. Every index is one more page that each save writes: what
   can be found in a few steps has none. */
CREATE TABLE moment (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,        /* nanoseconds since 1970, UTC */
  uid INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  program TEXT NOT NULL,        /* what the process called itself */
  revision INTEGER              /* the revision this commit is part of: all of
                                   them are after its "before" */
) STRICT;

/* What changed at a moment: the key of diff and revert, and the audit log.
   Every born or died of place and every born of state has its row here. */
CREATE TABLE change (
  moment INTEGER NOT NULL,
  item INTEGER NOT NULL,
  what INTEGER NOT NULL,        /* bits of enum change_what */
  PRIMARY KEY (moment, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
  id INTEGER PRIMARY KEY,
  folder INTEGER NOT NULL,      /* 1: a folder, 0: a JSON document */
  node INTEGER UNIQUE           /* live only; NULL: none at present */
) STRICT;

/* Where an item was. Intervals of one (parent, name) never overlap, so the
   newest row with born <= m is the only candidate at m. */
CREATE TABLE place (
  item INTEGER NOT NULL,
  born INTEGER NOT NULL,
  died INTEGER NOT NULL DEFAULT 9223372036854775807,
  parent INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (item, born),
  CHECK (born < died)
) STRICT, WITHOUT ROWID;
CREATE INDEX place_live_list ON place (parent, item, name)
  WHERE died = 9223372036854775807;
CREATE INDEX place_name ON place (parent, name, born, died);
CREATE INDEX place_list ON place (parent, item, born, died, name);

/* What an item held, and its attributes. No end is kept: a state lasts until
   the item's next one. */
CREATE TABLE state (
  item INTEGER NOT NULL,
  born INTEGER NOT NULL,
  content INTEGER,              /* NULL: a folder */
  arrived INTEGER,              /* content as it was sent, if changed since */
  size INTEGER NOT NULL,
  mode INTEGER NOT NULL,        /* permission bits only */
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  mtime INTEGER NOT NULL,       /* nanoseconds */
  ctime INTEGER NOT NULL,
  PRIMARY KEY (item, born)
) STRICT, WITHOUT ROWID;

/* The moments at which a folder's children came, went or were renamed: its
   modification time is that of the newest one, or what was set since. */
CREATE TABLE touch (
  folder INTEGER NOT NULL,
  moment INTEGER NOT NULL,
  PRIMARY KEY (folder, moment)
) STRICT, WITHOUT ROWID;

/* Every content once. A delta is compressed against its base, which is always
   whole: no chains. */
CREATE TABLE content (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  base INTEGER,                 /* NULL: whole */
  bytes BLOB NOT NULL           /* a zstd frame */
) STRICT;

/* Deltas that an amended version held: nothing speaks of them any more, unless
   something else has come to hold the same. Swept when the file is opened, when
   nobody reads. */
CREATE TABLE garbage (
  content INTEGER PRIMARY KEY
) STRICT;

/* The record. A snapshot is one row and nothing else. Ids are one sequence,
   never used twice. */
CREATE TABLE revision (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,           /* snapshot, revert, restore, pull */
  status TEXT NOT NULL,         /* in progress, completed, failed, canceled */
  scope INTEGER NOT NULL,       /* the folder */
  before INTEGER NOT NULL,      /* moment */
  after INTEGER,                /* moment; NULL while in progress */
  name TEXT,                    /* snapshots only */
  description TEXT NOT NULL DEFAULT '',
  counts TEXT NOT NULL DEFAULT '{}',
  uid INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  program TEXT NOT NULL,
  time INTEGER NOT NULL,
  report INTEGER                /* a restore: the batch of report */
) STRICT;
CREATE UNIQUE INDEX revision_report ON revision (report)
  WHERE report IS NOT NULL;
CREATE UNIQUE INDEX revision_name ON revision (scope, name)
  WHERE name IS NOT NULL;
CREATE INDEX revision_scope ON revision (scope, kind, after);
CREATE INDEX revision_before ON revision (before);
CREATE INDEX revision_after ON revision (after);
CREATE INDEX revision_open ON revision (id) WHERE status = 'in progress';

/* Of revisions of kind pull: where from. One that is "in progress" waits for
   answers, and survives that the file is closed. */
CREATE TABLE pull (
  revision INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,      /* the folder */
  asked TEXT NOT NULL,          /* its path from the root */
  said TEXT NOT NULL            /* the conflicts when it was last looked at */
) STRICT;

/* What a pull that waits has been told: the longest place that fits a conflict
   decides it. */
CREATE TABLE pull_answer (
  revision INTEGER NOT NULL,
  place TEXT NOT NULL,          /* PATH, PATH#POINTER; '' for all */
  theirs INTEGER NOT NULL,      /* 1: theirs, 0: ours */
  PRIMARY KEY (revision, place)
) STRICT, WITHOUT ROWID;

/* What came into a folder by a pull, and what it is where it came from. */
CREATE TABLE pulled (
  item INTEGER PRIMARY KEY,
  source INTEGER NOT NULL
) STRICT;
CREATE INDEX pulled_source ON pulled (source, item);

/* What became of each file that was copied in or saved; the newest are kept. */
CREATE TABLE report (
  id INTEGER PRIMARY KEY,
  batch INTEGER NOT NULL,       /* the first line of the batch */
  time INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  program TEXT NOT NULL,
  folder INTEGER NOT NULL,
  asked TEXT NOT NULL,          /* the name that was written to */
  went TEXT,                    /* the name it has, if another */
  item INTEGER,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '{}'
) STRICT;

/* Bytes that were refused; the newest are kept. */
CREATE TABLE rejected (
  id INTEGER PRIMARY KEY,
  folder INTEGER NOT NULL,
  name TEXT NOT NULL,
  time INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL,          /* a zstd frame */
  sealed INTEGER NOT NULL,      /* 1: the frame is sealed; see core/secret_key */
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX rejected_folder ON rejected (folder, id);

/* Files that are no items: no history, no snapshot. A parent is a folder item
   or a scratch folder. */
CREATE TABLE scratch (
  id INTEGER PRIMARY KEY,       /* its node */
  parent INTEGER NOT NULL,
  name TEXT NOT NULL,
  type INTEGER NOT NULL,        /* enum scratch_type */
  mode INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  gid INTEGER NOT NULL,
  mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL,
  size INTEGER NOT NULL,
  content INTEGER,              /* bytes are those of an item set aside */
  was INTEGER,                  /* that item */
  target TEXT,                  /* symbolic link */
  sealed INTEGER NOT NULL DEFAULT 0, /* 1: its chunks are; see core/secret_key */
  UNIQUE (parent, name)
) STRICT;
CREATE INDEX scratch_list ON scratch (parent);
CREATE INDEX scratch_sealed ON scratch (sealed) WHERE sealed = 1;
CREATE TABLE scratch_chunk (
  scratch INTEGER NOT NULL,
  seq INTEGER NOT NULL,         /* which 64 KiB; absent: zeros */
  bytes BLOB NOT NULL,
  UNIQUE (scratch, seq)
) STRICT;

/* Sets of kinds, as JSON: what there is to know about the texts of items; see
   core/kind. They are numbered in the order of the names of the sets. */
CREATE TABLE kinds (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

/* What the live items refer to: what their texts say by their kinds, kept up
   to date with each commit so that everything about references is a seek.

   Example. Rule /rules/B has "template_id": "RULE://A", and there is no A:
   (item of B, 0, '/rules/A', 2 for the kind of rules, 1). */
CREATE TABLE ref (
  item INTEGER NOT NULL,        /* who refers */
  form INTEGER NOT NULL,        /* enum ref_form */
  target TEXT NOT NULL,         /* a path without .json, or an id */
  leads INTEGER NOT NULL,       /* bits: kinds, and whether to folders */
  missing INTEGER NOT NULL,     /* 1: there is no such item */
  PRIMARY KEY (item, form, target, leads)
) STRICT, WITHOUT ROWID;
CREATE INDEX ref_target ON ref (form, target, item, leads);
CREATE INDEX ref_missing ON ref (item) WHERE missing = 1;

/* The ids that live items have of themselves. */
CREATE TABLE own_id (
  item INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,        /* its number */
  id TEXT NOT NULL
) STRICT;
CREATE INDEX own_id_id ON own_id (id, item, kind);

/* Of items that came with the id of another: that one. They got ids of their
   own, and a pull between a clone and what it was made of finds by this what
   belongs together, also when the clone was cloned again. */
CREATE TABLE copied (
  item INTEGER PRIMARY KEY,
  original INTEGER NOT NULL     /* has a lower number */
) STRICT;
CREATE INDEX copied_original ON copied (original, item);

/* What the open batches were asked for and had to name otherwise, so that
   references among what they restore go on leading there; see core/renames. */
CREATE TABLE renamed (
  batch INTEGER NOT NULL,
  form INTEGER NOT NULL,        /* enum ref_form */
  asked TEXT NOT NULL,          /* a path; or KIND:ID, the kind's number */
  home TEXT NOT NULL,           /* of an id: the path of the folder below which
                                   that is so; '' of a path */
  item INTEGER NOT NULL,        /* what is meant by that in the batch */
  PRIMARY KEY (batch, form, asked, home)
) STRICT, WITHOUT ROWID;
CREATE INDEX renamed_item ON renamed (batch, item, form);

/* The values of secret members, which no text holds: sealed with the key that
   has the id in meta 'key', bound to item and member. They stay as they are
   when the item leaves the tree, comes back, or is reverted. */
CREATE TABLE secret (
  item INTEGER NOT NULL,
  at TEXT NOT NULL,             /* "importCredentials.Password" */
  sealed BLOB NOT NULL,         /* as JSON has it, with any quotes */
  PRIMARY KEY (item, at)
) STRICT, WITHOUT ROWID;

/* What the newest save put others in place of, for as long as it may turn out
   to be a copy that belongs beside: the members that were sent with a value. */
CREATE TABLE secret_former (
  item INTEGER NOT NULL,
  at TEXT NOT NULL,
  moment INTEGER NOT NULL,      /* of that save */
  time INTEGER NOT NULL,
  sealed BLOB,                  /* NULL: there was none */
  PRIMARY KEY (item, at)
) STRICT, WITHOUT ROWID;

/* Texts that were sent with secrets are not kept: to know one again, an HMAC
   of the bytes, by what they became (state.arrived, else state.content). */
CREATE TABLE secret_sent (
  item INTEGER NOT NULL,
  content INTEGER NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (item, content)
) STRICT, WITHOUT ROWID;

/* What live items lack: values of secret members; files that their members
   name, until they are saved again. A row may be out of date, none is
   missing. */
CREATE TABLE secret_lack (
  item INTEGER NOT NULL,
  file INTEGER NOT NULL,        /* 1: a file */
  at TEXT NOT NULL,
  PRIMARY KEY (item, file, at)
) STRICT, WITHOUT ROWID;

INSERT INTO item (id, folder, node) VALUES (1, 1, 1);
