/*
 * secret_key - sealing for one repository: with its key, and only with that.
 *
 * The repository knows the id of the key that it was sealed with. A key is made
 * when the first secret needs one; another takes its place only if nothing
 * sealed needs the old one.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SECRET_KEY_H
#define CORE_SECRET_KEY_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct key;
struct key_place;
struct why;

/* The key, to open with: -ENOKEY, with what is wrong with the key file. To be
 * key_forget()ten. */
int secret_key(struct db *db, struct key *ret, struct why *why);
/* The key, to seal with: made if need be. Within a write transaction. */
int secret_key_to_seal(struct db *db, struct key *ret, struct why *why);

/* key_seal() and key_unseal() with these. */
int secret_seal(struct db *db, const struct key_place *place, const void *plain,
		size_t len, struct buf *out, struct why *why);
int secret_unseal(struct db *db, const struct key_place *place,
		  const void *sealed, size_t len, struct buf *out,
		  struct why *why);

/*
 * The key is lost for good: give up all that is sealed, so that another may be
 * made. Items stay and lack their values; sealed files and refused bytes go.
 * *ret_count: values. -EBUSY: the key is there. Within a write transaction.
 */
int secret_give_up(struct db *db, int64_t *ret_count, struct why *why);

#endif
