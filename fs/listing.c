/*
 * A directory is read in pieces, each of which begins where the last one said
 * that it goes on. The kernel's offsets are those of the kinds (ids, from 0)
 * plus 2, which leaves 0 and 1 to "." and "..".
 */
#include "fs/call.h"
#include "fs/node.h"

enum { DOTS = 2 };

/* What libfuse calls an unknown number: nobody reads that of "..", and the
 * folder above is not always known to a kind. Zero would hide the entry. */
#define UNKNOWN_INO UINT64_C(0xffffffff)

/* 1: full. */
static int add(struct listing *out, const char *name,
	       const struct fuse_entry_param *e, int64_t next)
{
	size_t room = out->size - out->len;
	char *at = out->data + out->len;
	size_t need = out->plus ? fuse_add_direntry_plus(out->c->req, at, room,
							 name, e, next)
				: fuse_add_direntry(out->c->req, at, room, name,
						    &e->attr, next);

	if (need > room)
		return 1;
	out->len += need;
	return 0;
}

int listing_add(struct listing *out, const char *name, const struct node *node,
		int64_t next)
{
	struct fuse_entry_param e = call_entry(out->c->fs, node);
	const struct node_kind *kind = node_kind(node->st.st_ino);

	if (out->unsure)
		e.attr_timeout = e.entry_timeout = 0;
	if (add(out, name, &e, next + DOTS))
		return 1;
	if (out->plus && kind->referenced)
		kind->referenced(out->c, node->st.st_ino, 1);
	return 0;
}

int listing_name(struct listing *out, const char *name, mode_t type,
		 int64_t next)
{
	struct fuse_entry_param e = {0};

	e.attr.st_ino = UNKNOWN_INO;
	e.attr.st_mode = type;
	return add(out, name, &e, next + DOTS);
}

/* "." or "..": named without being looked up, since the kernel counts no
 * reference for them. */
static int add_dot(struct listing *out, const char *name, uint64_t ino,
		   int64_t next)
{
	struct fuse_entry_param e = {0};

	e.attr.st_ino = ino;
	e.attr.st_mode = S_IFDIR;
	return add(out, name, &e, next);
}

int listing_fill(struct listing *out, const struct node_kind *kind,
		 uint64_t ino, struct file *dir, int64_t offset)
{
	if (offset < 1 && add_dot(out, ".", ino, 1))
		return 0;
	if (offset < DOTS && add_dot(out, "..", UNKNOWN_INO, DOTS))
		return 0;
	if (!kind->list)
		return 0;
	return kind->list(out->c, ino, dir, offset < DOTS ? 0 : offset - DOTS,
			  out);
}
