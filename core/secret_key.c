#include "core/secret_key.h"

#include "core/db.h"
#include "core/defer.h"
#include "core/key.h"
#include "core/key_ring.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Is @key the one that the repository was sealed with? 1, also if there is
 * none yet; 0. */
static int is_right(struct db *db, const struct key *key, bool *ret_known,
		    struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_KEY_GET);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	*ret_known = r > 0;
	return r == 0 || (q_col_len(&q, 0) == KEY_ID &&
			  memcmp(q_col_blob(&q, 0), key->id, KEY_ID) == 0);
}

static int put_id(struct db *db, const struct key *key, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_KEY_PUT);

	q_blob(&q, 1, key->id, KEY_ID);
	return q_run(&q, why);
}

/* 1: something sealed would be lost with its key. */
static int any_sealed(struct db *db, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_ANY);
	int r = q_step(&q, why);

	return r > 0 ? q_col_i64(&q, 0) != 0 : r;
}

static int wrong_key(struct keyring *keys, struct key *key, struct why *why)
{
	key_forget(key);
	keyring_forget(keys);
	return why_set(why, -ENOKEY,
		       "'%s' is not the key that the secrets of this "
		       "repository were sealed with",
		       keyring_path(keys));
}

static int no_keys(struct why *why)
{
	return why_set(why, -ENOKEY, "no key file is named");
}

int secret_key(struct db *db, struct key *ret, struct why *why)
{
	struct keyring *keys = db_keys(db);
	bool known;
	int r = keys ? keyring_get(keys, ret, why) : no_keys(why);

	if (r < 0)
		return r;
	r = is_right(db, ret, &known, why);
	if (r == 0)
		return wrong_key(keys, ret, why);
	return r < 0 ? r : 0;
}

/* No key, and none is needed for what there is. */
static int make(struct db *db, struct keyring *keys, struct key *ret,
		struct why *reason, struct why *why)
{
	int r = any_sealed(db, why);

	if (r > 0)
		return why_set(why, -ENOKEY,
			       "%s, and the secrets that are stored need it",
			       reason->text);
	if (r == 0)
		r = keyring_make(keys, ret, why);
	return r < 0 ? r : put_id(db, ret, why);
}

/* Another one than before, or the first. */
static int adopt(struct db *db, struct keyring *keys, bool known,
		 struct key *ret, struct why *why)
{
	int r = known ? any_sealed(db, why) : 0;

	if (r > 0)
		return wrong_key(keys, ret, why);
	return r < 0 ? r : put_id(db, ret, why);
}

int secret_key_to_seal(struct db *db, struct key *ret, struct why *why)
{
	struct keyring *keys = db_keys(db);
	struct why reason = {0};
	bool known = false;
	int r;

	if (!keys)
		return no_keys(why);
	r = keyring_get(keys, ret, &reason);
	if (r == -ENOKEY)
		return make(db, keys, ret, &reason, why);
	if (r < 0)
		return why_set(why, r, "%s", reason.text);
	r = is_right(db, ret, &known, why);
	if (r < 0 || (r > 0 && known))
		return r < 0 ? r : 0;
	return adopt(db, keys, known, ret, why);
}

int secret_seal(struct db *db, const struct key_place *place, const void *plain,
		size_t len, struct buf *out, struct why *why)
{
	DROP(key_forget) struct key key = {0};
	int r = secret_key_to_seal(db, &key, why);

	return r < 0 ? r : key_seal(&key, place, plain, len, out, why);
}

int secret_unseal(struct db *db, const struct key_place *place,
		  const void *sealed, size_t len, struct buf *out,
		  struct why *why)
{
	DROP(key_forget) struct key key = {0};
	int r = secret_key(db, &key, why);

	return r < 0 ? r : key_unseal(&key, place, sealed, len, out, why);
}

static int count_values(struct db *db, int64_t *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_COUNT);
	int r = q_step(&q, why);

	if (r > 0)
		*ret = q_col_i64(&q, 0);
	return r < 0 ? r : 0;
}

int secret_give_up(struct db *db, int64_t *ret_count, struct why *why)
{
	static const enum stmt all[] = {
		STMT_SECRET_LOSE_VALUES,  STMT_SECRET_LOSE,
		STMT_SECRET_LOSE_FORMER,  STMT_SECRET_LOSE_SENT,
		STMT_SECRET_LOSE_CHUNKS,  STMT_SECRET_LOSE_FILES,
		STMT_SECRET_LOSE_REFUSED, STMT_SECRET_LOSE_KEY,
	};
	DROP(key_forget) struct key key = {0};
	int r = secret_key(db, &key, NULL);

	if (r == 0)
		return why_set(why, -EBUSY,
			       "the key '%s' is there: nothing is lost",
			       keyring_path(db_keys(db)));
	r = count_values(db, ret_count, why);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && r == 0; i++) {
		DROP(q_close) struct q q = q_open(db, all[i]);

		r = q_run(&q, why);
	}
	return r;
}
