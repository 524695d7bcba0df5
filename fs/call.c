#include "fs/call.h"

#include "core/env.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/notify.h"
#include "fs/proc.h"
#include "fs/sentences.h"
#include "fs/witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct call call_begin(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	struct call c = {
		.fs = fuse_req_userdata(req),
		.req = req,
		.uid = ctx->uid,
		.gid = ctx->gid,
		.tid = ctx->pid,
	};

	return c;
}

void call_answer(struct call *c)
{
	(void)fuse_reply_err(c->req, 0);
	c->req = NULL;
}

struct db *call_db(struct call *c)
{
	if (!c->reader.db &&
	    store_read(c->fs->repo->store, &c->reader, &c->why) < 0)
		return NULL;
	return c->reader.db;
}

struct who call_who(struct call *c)
{
	int64_t now = env_now_ns(store_env(c->fs->repo->store));
	struct who who = {.uid = c->uid, .gid = c->gid};

	who.pid = procs_lookup(c->fs->procs, c->tid, now, who.program).pid;
	return who;
}

pid_t call_process(struct call *c)
{
	int64_t now = env_now_ns(store_env(c->fs->repo->store));

	return procs_number(c->fs->procs, c->tid, now);
}

/* ---- what the kernel must forget ---- */

void notices_done(struct notices *n)
{
	for (size_t i = 0; i < n->len; i++)
		free(n->list[i].name);
	free(n->list);
	tidings_free(n->tidings);
	if (n->untold)
		atomic_fetch_sub(n->untold, 1);
	*n = (struct notices){0};
}

/* Takes @name over. */
static void add_notice(struct notices *n, uint64_t ino, char *name,
		       bool attr_only)
{
	size_t cap = n->cap ? 2 * n->cap : 8;
	struct notice *list;

	if (n->len == n->cap) {
		list = realloc(n->list, cap * sizeof(*list));
		if (!list) {
			free(name);
			return;
		}
		n->list = list;
		n->cap = cap;
	}
	n->list[n->len++] = (struct notice){ino, name, attr_only};
}

/* A change of many entries names their folder again and again: one of the
 * last few notices may say the same already. */
static bool is_known(const struct notices *n, uint64_t ino, bool attr_only)
{
	size_t first = n->len > 8 ? n->len - 8 : 0;

	for (size_t i = first; i < n->len; i++) {
		const struct notice *notice = &n->list[i];

		if (notice->ino == ino && !notice->name &&
		    (!notice->attr_only || attr_only))
			return true;
	}
	return false;
}

void call_forget_node(struct call *c, uint64_t ino)
{
	if (!is_known(&c->notices, ino, false))
		add_notice(&c->notices, ino, NULL, false);
}

void call_forget_attr(struct call *c, uint64_t ino)
{
	if (!is_known(&c->notices, ino, true))
		add_notice(&c->notices, ino, NULL, true);
}

void call_forget_name(struct call *c, uint64_t dir, const char *name)
{
	char *copy = strdup(name);

	if (copy)
		add_notice(&c->notices, dir, copy, false);
	else
		call_forget_node(c, dir);
}

/* ---- what watchers hear ---- */

static void add_tidings(struct call *c, const struct tidings *t)
{
	struct tidings *copy = malloc(sizeof(*copy));

	if (!copy) {
		free(t->name);
		return;
	}
	*copy = *t;
	copy->next = c->notices.tidings;
	c->notices.tidings = copy;
}

void call_tell_revision(struct call *c, int64_t id)
{
	if (id)
		add_tidings(c, &(struct tidings){.revision = id});
}

void call_tell_moment(struct call *c, int64_t moment, int64_t item)
{
	add_tidings(c, &(struct tidings){.moment = moment, .item = item});
}

void call_tell_item(struct call *c, int64_t item)
{
	add_tidings(c, &(struct tidings){.item = item});
}

void call_tell_name(struct call *c, int64_t parent, const char *name)
{
	char *copy = strdup(name);

	if (copy)
		add_tidings(c,
			    &(struct tidings){.parent = parent, .name = copy});
}

/* ---- the reply ---- */

void reply_done(struct reply *reply)
{
	free(reply->data);
	free(reply->statfs);
	file_put(reply->file);
	*reply = (struct reply){0};
}

/* A mount that only reads is not told what somebody else writes into the file
 * meanwhile. What is past does not change even so. */
static bool may_change_unseen(const struct fs *fs, uint64_t ino)
{
	return fs->options.read_only && inum_kind(ino) != INUM_PAST;
}

static double valid_for(const struct fs *fs, uint64_t ino, double seconds)
{
	static const double unseen = 1.0;

	return may_change_unseen(fs, ino) && seconds > unseen ? unseen
							      : seconds;
}

struct fuse_entry_param call_entry(const struct fs *fs, const struct node *node)
{
	uint64_t ino = node->st.st_ino;
	struct fuse_entry_param e = {0};

	e.ino = ino;
	e.attr = node->st;
	e.generation = node->generation;
	e.entry_timeout = valid_for(fs, ino, node->entry_valid);
	e.attr_timeout = valid_for(fs, ino, node->attr_valid);
	return e;
}

/* What a call holds besides its reply. */
static void let_go(struct call *c)
{
	store_put(&c->reader);
	if (c->notices.len || c->notices.tidings)
		notifier_queue(c->fs->notifier, &c->notices);
	else
		notices_done(&c->notices);
}

static void count_reference(struct fs *fs, uint64_t ino, int64_t n)
{
	const struct node_kind *kind = node_kind(ino);
	struct call c = {.fs = fs};

	if (kind->referenced)
		kind->referenced(&c, ino, n);
	let_go(&c);
}

void call_close(struct call *c, struct file *file)
{
	files_remove(c->fs->files, file);
	if (file->kind->release)
		file->kind->release(c, file);
	file_put(file);
}

static void close_unasked(struct fs *fs, struct file *file)
{
	struct call c = {.fs = fs};

	call_close(&c, file);
	let_go(&c);
}

void call_close_all(struct fs *fs)
{
	struct file *file;

	while ((file = files_take(fs->files)))
		close_unasked(fs, file);
}

/* Replies that make the kernel hold something of ours. */
static void send_holding(struct fs *fs, fuse_req_t req, struct reply *reply)
{
	struct fuse_entry_param e = call_entry(fs, &reply->node);
	bool entry = reply->kind != REPLY_OPEN;
	struct file *file = reply->kind == REPLY_ENTRY ? NULL
						       : file_of(reply->fi.fh);
	int r;

	if (entry)
		count_reference(fs, e.ino, 1);
	if (file)
		files_add(fs->files, file); /* RELEASE may come at once */
	if (file && may_change_unseen(fs, file->ino))
		reply->fi.keep_cache = reply->fi.cache_readdir = 0;
	if (reply->kind == REPLY_ENTRY)
		r = fuse_reply_entry(req, &e);
	else if (reply->kind == REPLY_CREATE)
		r = fuse_reply_create(req, &e, &reply->fi);
	else
		r = fuse_reply_open(req, &reply->fi);
	if (r != -ENOENT)
		return;
	if (entry)
		count_reference(fs, e.ino, -1);
	/* The program was killed while it waited: the kernel does not know the
	 * file, so it will never say that it was closed. */
	if (file)
		close_unasked(fs, file);
}

/* What becomes of a reply that could not be sent is nobody's concern: the
 * program is gone, or the mount is. */
void reply_send(struct fs *fs, fuse_req_t req, struct reply *reply)
{
	switch (reply->kind) {
	case REPLY_ERROR:
		(void)fuse_reply_err(req, -reply->code);
		break;
	case REPLY_NONE:
		fuse_reply_none(req);
		break;
	case REPLY_ENTRY:
	case REPLY_CREATE:
	case REPLY_OPEN:
		send_holding(fs, req, reply);
		break;
	case REPLY_ATTR:
		(void)fuse_reply_attr(req, &reply->node.st,
				      valid_for(fs, reply->node.st.st_ino,
						reply->node.attr_valid));
		break;
	case REPLY_WRITE:
		(void)fuse_reply_write(req, reply->count);
		break;
	case REPLY_BYTES:
		(void)fuse_reply_buf(req, reply->bytes, reply->count);
		break;
	case REPLY_DATA:
		(void)fuse_reply_buf(req, reply->data, reply->count);
		break;
	case REPLY_LINK:
		(void)fuse_reply_readlink(req, reply->data);
		break;
	case REPLY_STATFS:
		(void)fuse_reply_statfs(req, reply->statfs);
		break;
	}
	reply_done(reply);
}

/* A program hears of damage as a number, if it says so at all. */
static void tell_of_damage(struct call *c, int r)
{
	if (c->told || (r != -EBADMSG && r != -EIO) || c->why.code != r)
		return;
	sentences_add(c->fs->errors, env_now_ns(store_env(c->fs->repo->store)),
		      TREE_ROOT, r, c->why.text);
}

void call_end(struct call *c, int r)
{
	store_put(&c->reader);
	if (r < 0) {
		tell_of_damage(c, r);
		c->reply.kind = REPLY_ERROR;
		c->reply.code = r;
	}
	if (c->req &&
	    ((c->notices.len && c->notices_first) || c->after_notices)) {
		notifier_deliver(c->fs->notifier, &c->notices, c->inode_locked,
				 c->req, &c->reply);
		return;
	}
	if (c->req)
		reply_send(c->fs, c->req, &c->reply);
	else
		reply_done(&c->reply);
	c->req = NULL;
	let_go(c);
}
