#include "core/ref_text.h"

#include "core/blob.h"
#include "core/db.h"

#include <errno.h>
#include <stdlib.h>

enum { OFFER_MAX = 256 << 10 };

/* What has been offered. */
struct offer {
	int64_t content;
	const struct kind *kind; /* which found it; NULL: not looked at yet */
	struct ref_text text;
};

void ref_text_done(struct ref_text *text)
{
	buf_done(&text->bytes);
	examination_done(&text->found);
}

static void offer_done(void *thing)
{
	struct offer *offer = thing;

	ref_text_done(&offer->text);
	free(offer);
}

void ref_text_offer(struct db *db, int64_t content, const char *bytes,
		    size_t len)
{
	struct offer *offer = txn_kept(db);

	if (len > OFFER_MAX)
		return;
	if (!offer) {
		offer = calloc(1, sizeof(*offer));
		if (!offer)
			return;
		txn_keep(db, offer, offer_done);
	}
	offer->kind = NULL;
	offer->content = content;
	buf_reset(&offer->text.bytes);
	buf_add(&offer->text.bytes, bytes, len);
	if (buf_error(&offer->text.bytes))
		offer->content = 0;
}

static int look(const struct kind *kind, struct ref_text *text, struct why *why)
{
	int r = examine(kind, text->bytes.data, text->bytes.len, &text->found,
			why);

	return r == -EINVAL ? 0 : r;
}

static int take_offer(struct offer *offer, const struct kind *kind,
		      struct ref_text *ret, struct why *why)
{
	const struct ref_text *from = &offer->text;
	int r = 0;

	if (offer->kind != kind)
		r = look(kind, &offer->text, why);
	if (r < 0)
		return r;
	offer->kind = kind;
	buf_add(&ret->bytes, from->bytes.data, from->bytes.len);
	r = examination_copy(&from->found, &ret->found);
	return r < 0 ? r : buf_error(&ret->bytes);
}

int ref_text_read(struct db *db, const struct kind *kind, int64_t content,
		  struct ref_text *ret, struct why *why)
{
	struct offer *offer = txn_kept(db);
	int r;

	buf_reset(&ret->bytes);
	if (offer && offer->content == content)
		return take_offer(offer, kind, ret, why);
	r = blob_get(db, content, false, &ret->bytes, why);
	return r < 0 ? r : look(kind, ret, why);
}
