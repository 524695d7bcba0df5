/*
 * commit_priv - what the files of commit share.
 */
#ifndef FS_COMMIT_PRIV_H
#define FS_COMMIT_PRIV_H

#include "fs/commit.h"

/* ---- commit.c ---- */

struct arrival commit_of_loose(const struct loose *f);
struct arrival commit_of_handle(const struct handle *h, int64_t now_ns);
/* Under both locks: let @f arrive, or store or refuse it; commits @m. @closer:
 * who hears it if it is refused; if @polite nobody does, and it stays. */
int commit_loose(struct call *c, struct moment *m, struct loose *f,
		 struct proc closer, bool polite);
/* The same for a writer on an item. */
int commit_writer(struct call *c, struct moment *m, struct handle *h,
		  bool polite);
/* @in, of @f or @h, has become @out by @m, which is committed. */
void commit_arrived(struct call *c, const struct moment *m, struct loose *f,
		    const struct arrival *in, const struct arrived *out);
void commit_saved(struct call *c, const struct moment *m, struct handle *h,
		  const struct arrival *in, const struct arrived *out);

/* @m, which is committed, was narrow: what is known of items is forgotten all the
 * same if texts followed something. */
void commit_narrowed(struct fs *fs, const struct moment *m);

/* ---- commit_notices.c ---- */

/* commit_notices() without what commit_rewritten() says. */
void commit_tell(struct call *c, const struct moment *m,
		 const struct arrival *in, const struct arrived *out);

/* ---- commit_check.c ---- */

/* A refused process that goes on with the name means its own copy. @node: what
 * the kernel knows the refused file by. */
void commit_remember_refusal(struct fs *fs, const struct refusal *refusal,
			     int64_t node, int64_t now_ns);

#endif
