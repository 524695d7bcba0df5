#include "core/ref_text.h"

#include "core/blob.h"
#include "core/db.h"

#include <errno.h>
#include <stdlib.h>

enum {
	OFFER_MAX = 256 << 10,
	OFFERS = 32, /* as many items as are filed at once */
};

struct offer {
	int64_t content;	 /* 0: none */
	const struct kind *kind; /* which found it; NULL: not looked at yet */
	struct ref_text text;
};

/* What has been offered, a ring. */
struct offers {
	struct offer list[OFFERS];
	size_t count;
};

void ref_text_done(struct ref_text *text)
{
	buf_done(&text->bytes);
	examination_done(&text->found);
}

static void offers_done(void *thing)
{
	struct offers *offers = thing;

	for (size_t i = 0; i < OFFERS; i++)
		ref_text_done(&offers->list[i].text);
	free(offers);
}

static struct offer *find_offer(struct db *db, int64_t content)
{
	struct offers *offers = content ? txn_kept(db, TXN_TEXTS) : NULL;

	for (size_t i = 0; offers && i < OFFERS; i++)
		if (offers->list[i].content == content)
			return &offers->list[i];
	return NULL;
}

static struct offer *new_offer(struct db *db)
{
	struct offers *offers = txn_kept(db, TXN_TEXTS);

	if (!offers) {
		offers = calloc(1, sizeof(*offers));
		if (!offers)
			return NULL;
		txn_keep(db, TXN_TEXTS, offers, offers_done);
	}
	return &offers->list[offers->count++ % OFFERS];
}

void ref_text_offer(struct db *db, int64_t content, const char *bytes,
		    size_t len)
{
	struct offer *offer;

	if (len > OFFER_MAX || find_offer(db, content))
		return;
	offer = new_offer(db);
	if (!offer)
		return;
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
	struct offer *offer = find_offer(db, content);
	int r;

	buf_reset(&ret->bytes);
	if (offer)
		return take_offer(offer, kind, ret, why);
	r = blob_get(db, content, false, &ret->bytes, why);
	return r < 0 ? r : look(kind, ret, why);
}
