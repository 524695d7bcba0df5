#include "core/intake.h"

#include "core/blob.h"
#include "core/moment.h"

int intake_take(struct moment *m, const struct intake_text *text,
		struct intake *ret, struct why *why)
{
	*ret = (struct intake){.size = (int64_t)text->len};
	return blob_put(m->db, text->bytes, text->len, text->like,
			&ret->content, why);
}

int intake_keep(struct moment *m, const struct intake *in, int64_t item,
		struct why *why)
{
	(void)m;
	(void)in;
	(void)item;
	(void)why;
	return 0;
}

void intake_done(struct intake *in)
{
	*in = (struct intake){0};
}
