#include "core/folders.h"

#include "core/db.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, NAME_SIZE = 256 };

struct spot {
	int64_t folder; /* 0: empty */
	int64_t parent;
	char name[NAME_SIZE];
};

struct folders {
	struct spot up[SLOTS]; /* by folder modulo SLOTS */
	int64_t down[SLOTS];   /* folders, by the hash of parent and name */
};

static struct folders *kept(struct db *db)
{
	return txn_kept(db, TXN_FOLDERS);
}

static struct spot *spot_of(struct folders *f, int64_t folder)
{
	return &f->up[(uint64_t)folder % SLOTS];
}

/* FNV-1a; it only has to spread. */
static int64_t *down_of(struct folders *f, int64_t parent, const char *name)
{
	static const uint64_t prime = UINT64_C(0x100000001b3);
	uint64_t hash =
		(UINT64_C(0xcbf29ce484222325) ^ (uint64_t)parent) * prime;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * prime;
	return &f->down[(hash ^ hash >> 32) % SLOTS];
}

const char *folders_up(struct db *db, int64_t folder, int64_t *ret_parent)
{
	struct folders *f = kept(db);
	const struct spot *spot = f && folder ? spot_of(f, folder) : NULL;

	if (!spot || spot->folder != folder)
		return NULL;
	*ret_parent = spot->parent;
	return spot->name;
}

int64_t folders_down(struct db *db, int64_t parent, const char *name)
{
	struct folders *f = kept(db);
	int64_t folder = f ? *down_of(f, parent, name) : 0;
	const struct spot *spot = folder ? spot_of(f, folder) : NULL;

	return spot && spot->folder == folder && spot->parent == parent &&
			       strcmp(spot->name, name) == 0
		       ? folder
		       : 0;
}

void folders_note(struct db *db, int64_t folder, int64_t parent,
		  const char *name)
{
	struct folders *f = kept(db);
	struct spot *spot;

	if (!txn_is_open(db) || strlen(name) >= NAME_SIZE)
		return;
	if (!f) {
		f = calloc(1, sizeof(*f));
		if (!f)
			return;
		txn_keep(db, TXN_FOLDERS, f, free);
	}
	spot = spot_of(f, folder);
	spot->folder = folder;
	spot->parent = parent;
	(void)strcpy(spot->name, name);
	*down_of(f, parent, name) = folder;
}

void folders_forget(struct db *db)
{
	struct folders *f = kept(db);

	for (int i = 0; f && i < SLOTS; i++)
		f->up[i].folder = 0;
}
