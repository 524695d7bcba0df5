#include "core/inbox_priv.h"

#include <stddef.h>
#include <string.h>

#define MAGIC "repofs-letter-2"

static int sum(const struct letter_head *head, const char *name,
	       const unsigned char sha256[BLOB_SHA256],
	       unsigned char ret[BLOB_SHA256], struct why *why)
{
	unsigned char
		all[offsetof(struct letter_head, sha256) + 256 + BLOB_SHA256];
	size_t len = offsetof(struct letter_head, sha256);

	memcpy(all, head, len);
	memcpy(all + len, name, head->name_len);
	len += head->name_len;
	memcpy(all + len, sha256, BLOB_SHA256);
	return blob_sha256(all, len + BLOB_SHA256, ret, why);
}

int letter_head(uint64_t key, struct letter *letter, struct letter_head *ret,
		struct why *why)
{
	int r = blob_sha256(letter->bytes, letter->len, letter->sha256, why);

	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->magic, MAGIC, sizeof(MAGIC));
	ret->key = key;
	ret->number = letter->number;
	ret->folder = letter->folder;
	ret->item = letter->item;
	ret->seen = letter->seen;
	ret->time_ns = letter->time_ns;
	ret->mtime_ns = letter->attr.mtime_ns;
	ret->ctime_ns = letter->attr.ctime_ns;
	ret->mode = letter->attr.mode;
	ret->uid = letter->attr.uid;
	ret->gid = letter->attr.gid;
	ret->who_uid = letter->who.uid;
	ret->who_gid = letter->who.gid;
	ret->who_pid = letter->who.pid;
	memcpy(ret->program, letter->who.program, sizeof(ret->program));
	ret->pid = letter->key.pid;
	ret->start = letter->key.start;
	ret->len = letter->len;
	ret->name_len = (uint32_t)strnlen(letter->name, 255);
	return sum(ret, letter->name, letter->sha256, ret->sha256, why);
}

/* @text: all that follows the head. */
static struct letter to_letter(const struct letter_head *head, const char *name,
			       const char *text)
{
	struct letter letter = {
		.folder = head->folder,
		.name = name,
		.item = head->item,
		.seen = head->seen,
		.bytes = text + head->name_len,
		.len = head->len,
		.attr = {.mode = head->mode,
			 .uid = head->uid,
			 .gid = head->gid,
			 .mtime_ns = head->mtime_ns,
			 .ctime_ns = head->ctime_ns},
		.who = {.uid = head->who_uid,
			.gid = head->who_gid,
			.pid = head->who_pid},
		.key = {.pid = head->pid, .start = head->start},
		.time_ns = head->time_ns,
		.number = head->number,
	};

	memcpy(letter.who.program, head->program, sizeof(head->program));
	letter.who.program[sizeof(letter.who.program) - 1] = '\0';
	return letter;
}

int64_t letter_first(const char *data, size_t len)
{
	struct letter_head head;

	if (len < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	return head.number;
}

/* 1: it is a letter, by all that it says. */
static int check(const struct letter_at *at, const struct letter_head *head,
		 struct why *why)
{
	const char *text = at->data + sizeof(*head);
	unsigned char bytes[BLOB_SHA256], sha256[BLOB_SHA256];
	int r;

	if (memcmp(head->magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    head->key != at->key || head->number != at->number ||
	    head->name_len > 255 || head->len > at->left ||
	    sizeof(*head) + head->name_len + head->len > at->left)
		return 0;
	r = blob_sha256(text + head->name_len, head->len, bytes, why);
	if (r == 0)
		r = sum(head, text, bytes, sha256, why);
	return r < 0 ? r : memcmp(sha256, head->sha256, BLOB_SHA256) == 0;
}

int letter_next(struct letter_at *at, struct letter *ret, struct why *why)
{
	struct letter_head head;
	size_t size;
	int r;

	if (at->left < sizeof(head))
		return 0;
	memcpy(&head, at->data, sizeof(head));
	r = check(at, &head, why);
	if (r <= 0)
		return r;
	memcpy(at->name, at->data + sizeof(head), head.name_len);
	at->name[head.name_len] = '\0';
	*ret = to_letter(&head, at->name, at->data + sizeof(head));
	size = sizeof(head) + head.name_len + head.len;
	at->data += size;
	at->left -= size;
	at->number++;
	return 1;
}
