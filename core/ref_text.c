#include "core/ref_text.h"

#include "core/blob.h"

#include <errno.h>

void ref_text_done(struct ref_text *text)
{
	buf_done(&text->bytes);
	examination_done(&text->found);
}

int ref_text_read(struct db *db, const struct kind *kind, int64_t content,
		  struct ref_text *ret, struct why *why)
{
	int r;

	buf_reset(&ret->bytes);
	r = blob_get(db, content, false, &ret->bytes, why);
	if (r < 0)
		return r;
	r = examine(kind, ret->bytes.data, ret->bytes.len, &ret->found, why);
	return r == -EINVAL ? 0 : r;
}
