/*
 * diff - what differs below a folder between two moments.
 *
 * Costs what changed between them, not what is there: candidates are the rows
 * of the table "change" between the two moments, then each is looked up at
 * both.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "core/tree.h"

struct kind;
struct kinds;

struct difference {
	int64_t item;
	bool folder;
	char what;	  /* '+' '-' 'M' content, 'R' moved (maybe M too),
			     'A' attributes only */
	bool content;	  /* with 'R', 'M': the content differs */
	bool attr;	  /* with 'R', 'M', 'A': attributes differ */
	const char *from; /* path at the first moment, relative to the folder;
			     NULL for '+' */
	const char *to;	  /* path at the second; NULL for '-' */
	struct entry old, new; /* valid where the path is not NULL */
};
typedef int (*diff_fn)(const struct difference *d, void *arg);

/*
 * In the order of the paths ("to", else "from") as a walk meets them, parents
 * before children. The callback may query. An item that crosses the folder's
 * border is '+' or '-'. A moved folder, or one that crosses the border, is one
 * difference; what is below it is named only if it changed itself. The folder
 * itself has the path "" and can only be 'A'. Items are told apart by what
 * they are, not by their names: one that took the place of another is '+'
 * after the '-' of the other. A folder's modification time is no attribute
 * here, since it follows from what changed in it.
 */
int diff_run(struct db *db, int64_t folder, int64_t from, int64_t to,
	     diff_fn fn, void *arg, struct why *why);

/* Every item that changed after moment @from until @to, wherever it is, once,
 * in the order of their ids. The callback may query. */
typedef int (*changed_fn)(int64_t item, void *arg);
int diff_changed(struct db *db, int64_t from, int64_t to, changed_fn fn,
		 void *arg, struct why *why);

/* The order of diff_run(), and of the manifest: as strcmp(). */
int diff_path_order(const char *a, const char *b);

/* Append ,"KEY":"PATH", with a '/' behind a folder; "." for the path "". */
void diff_json_path(struct buf *out, const char *key, const char *path,
		    bool folder);

/* Append one line, as diff_show() does; @from is read for 'R' only. */
void diff_line(struct buf *out, char what, bool folder, const char *from,
	       const char *path);
/* Append {"change":"moved","from":"a.json","path":"b.json", still open: the
 * words are created, deleted, edited, moved, attributes. */
void diff_object(struct buf *out, char what, bool folder, const char *from,
		 const char *path);

enum diff_form {
	DIFF_PATHS, /* a line for each path; no text is read */
	DIFF_TEXT,  /* and below it, indented, the members that differ */
	DIFF_JSON,  /* an object a line, with those members, whole */
};

struct diff_ask {
	int64_t folder, from, to;
	enum diff_form form;
	const struct kinds *kinds; /* what is secret; NULL: nothing */
};

/*
 * One text line per path that changed: "+ path", "- path", "M path",
 * "R old -> new", "A path". Folders end in '/'; a newline in a name is \n. Here
 * the path counts alone: an item that took the place of another is 'M' or
 * 'A', or nothing if it is the same. For what is told of members see
 * core/diff_members.
 */
int diff_show(struct db *db, const struct diff_ask *ask, struct buf *out,
	      struct why *why);

/* As diff_run(), but so that the path counts alone. Of two items that had a
 * path one after the other the difference has the second one's number, and
 * both entries. */
int diff_paths(struct db *db, const struct diff_ask *ask, diff_fn fn, void *arg,
	       struct why *why);

/* The kind of what has @path, relative to @folder, at @at, or NULL. */
int diff_kind(struct db *db, const struct kinds *kinds, int64_t at,
	      int64_t folder, const char *path, const struct kind **ret,
	      struct why *why);

#endif
