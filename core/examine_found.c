/*
 * What has been found in a text, as memory.
 */
#include "core/examine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int examination_grow(void **list, size_t len, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *room;

	if (len < *cap)
		return 0;
	room = realloc(*list, more * size);
	if (!room)
		return -ENOMEM;
	*list = room;
	*cap = more;
	return 0;
}

void examination_reset(struct examination *e)
{
	e->ref_count = 0;
	e->secrets.len = 0;
	e->files.len = 0;
	e->volatiles.len = 0;
	e->id_at = 0;
	e->id_len = 0;
	e->id = 0;
	e->variant = false;
	buf_reset(&e->names);
}

static int copy_list(const struct examined_list *from, struct examined_list *to)
{
	void *room = to->list;
	int r = 0;

	while (r == 0 && to->cap < from->len) {
		r = examination_grow(&room, to->cap, &to->cap,
				     sizeof(*to->list));
		to->list = room;
	}
	if (r < 0)
		return r;
	if (from->len)
		memcpy(to->list, from->list, from->len * sizeof(*to->list));
	to->len = from->len;
	return 0;
}

static int copy_refs(const struct examination *from, struct examination *to)
{
	void *room = to->refs;
	int r = 0;

	while (r == 0 && to->ref_cap < from->ref_count) {
		r = examination_grow(&room, to->ref_cap, &to->ref_cap,
				     sizeof(*to->refs));
		to->refs = room;
	}
	if (r < 0)
		return r;
	if (from->ref_count)
		memcpy(to->refs, from->refs,
		       from->ref_count * sizeof(*to->refs));
	to->ref_count = from->ref_count;
	return 0;
}

int examination_copy(const struct examination *from, struct examination *to)
{
	int r;

	examination_reset(to);
	r = copy_refs(from, to);
	if (r == 0)
		r = copy_list(&from->secrets, &to->secrets);
	if (r == 0)
		r = copy_list(&from->files, &to->files);
	if (r == 0)
		r = copy_list(&from->volatiles, &to->volatiles);
	to->id_at = from->id_at;
	to->id_len = from->id_len;
	to->id = from->id;
	to->variant = from->variant;
	buf_add(&to->names, from->names.data, from->names.len);
	if (r == 0)
		r = buf_error(&to->names);
	if (r < 0)
		examination_reset(to);
	return r;
}

void examination_done(struct examination *e)
{
	free(e->refs);
	free(e->secrets.list);
	free(e->files.list);
	free(e->volatiles.list);
	buf_done(&e->names);
	*e = (struct examination){0};
}
