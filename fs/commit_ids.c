#include "fs/commit_ids.h"

#include "core/db.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/tree.h"
#include "core/why.h"
#include "fs/arrive.h"

#include <errno.h>
#include <string.h>

void group_ids_done(struct group_ids *ids)
{
	buf_done(&ids->taken);
	examination_done(&ids->found);
}

static bool has(const struct buf *taken, const char *id)
{
	const char *at = taken->data, *end = at + taken->len;

	for (; at < end; at += strlen(at) + 1)
		if (strcmp(at, id) == 0)
			return true;
	return false;
}

/* 1: none of the group has it. */
static int note(struct group_ids *ids, const struct own_id *own,
		struct why *why)
{
	DROP(buf_done) struct buf one = {0};

	buf_addf(&one, "%u %s", own->kind->number, own->id);
	buf_byte(&one, '\0');
	if (!buf_error(&one) && has(&ids->taken, one.data))
		return 0;
	buf_add(&ids->taken, one.data, one.len);
	return buf_error(&one) || buf_error(&ids->taken)
		       ? why_set(why, -ENOMEM, "out of memory")
		       : 1;
}

int group_ids_add(struct group_ids *ids, struct moment *m,
		  const struct kind *kind, const struct arrival *in,
		  struct why *why)
{
	struct own_id own = {.kind = kind};
	int64_t rival = 0;
	int r;

	if (!kind || !kind_has_ids(kind))
		return 1;
	if (examine(kind, in->bytes, in->len, &ids->found, why) < 0)
		return 0;
	if (!ids->found.id_at)
		return 1;
	own.id = ids->found.names.data + ids->found.id;
	r = own_id_rival(m->db, &own, &rival, why);
	if (r != 0)
		return r < 0 ? r : 0;
	return note(ids, &own, why);
}

/* What was rewritten when it came is again, by the id that the item has. */
int group_ids_edit(struct moment *m, const struct kind *kind,
		   const struct arrival *in, struct why *why)
{
	struct entry entry;
	int r;

	if (!kind || !kind_has_ids(kind))
		return 1;
	r = tree_get(m->db, MOMENT_NOW, in->target, &entry, why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return !entry.arrived;
}
