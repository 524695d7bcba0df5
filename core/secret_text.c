#include "core/secret_text.h"

#include "core/defer.h"
#include "core/examine.h"
#include "core/json.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char NONE[] = "null";

void secret_members_done(struct secret_members *members)
{
	free(members->list);
	buf_done(&members->paths);
	*members = (struct secret_members){0};
}

/* ---- finding them ---- */

struct search {
	const struct examined_list *found;
	size_t next; /* of found */
	struct secret_members *members;
	struct buf key; /* a decoded one */
};

/* Not by the locale: paths are stored. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ' ';
}

static bool is_plain_key(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_plain(key[i]))
			return false;
	return len > 0;
}

/* Decoded, so that there is one path for one member. */
static int add_key(struct search *s, const struct json_step *step, bool first)
{
	struct buf *out = &s->members->paths;

	buf_reset(&s->key);
	if (buf_reserve(&s->key, step->key_len + 1) < 0)
		return -ENOMEM;
	s->key.len = json_unescape(step->key, step->key_len, s->key.data);
	if (is_plain_key(s->key.data, s->key.len)) {
		buf_text(out, first ? "" : ".");
		buf_add(out, s->key.data, s->key.len);
		return 0;
	}
	s->key.data[s->key.len] = '\0'; /* there is none in a key */
	buf_byte(out, '[');
	buf_json_string(out, s->key.data);
	buf_byte(out, ']');
	return 0;
}

static int add_path(struct search *s, const struct json_value *v)
{
	struct buf *out = &s->members->paths;
	int r = 0;

	for (size_t i = 0; i < v->depth && r == 0; i++) {
		if (v->path[i].key)
			r = add_key(s, &v->path[i], i == 0);
		else
			buf_addf(out, "[%zu]", v->path[i].index);
	}
	buf_byte(out, '\0');
	return r < 0 ? r : buf_error(out);
}

static enum secret_says says_of(const struct json_value *v)
{
	if (v->kind == JSON_KIND_NULL)
		return SECRET_NULL;
	return v->kind == JSON_KIND_STRING && v->len == 2 ? SECRET_EMPTY
							  : SECRET_VALUE;
}

static int visit(const struct json_value *v, void *arg)
{
	struct search *s = arg;
	struct secret_members *members = s->members;
	struct secret_member *list = members->list;

	if (s->next == s->found->len || v->at != s->found->list[s->next].at ||
	    v->len != s->found->list[s->next].len)
		return 0;
	s->next++;
	if (members->len == members->cap) {
		members->cap = members->cap ? 2 * members->cap : 8;
		list = reallocarray(list, members->cap, sizeof(*list));
		if (!list)
			return -ENOMEM;
		members->list = list;
	}
	list[members->len++] = (struct secret_member){
		.at = v->at,
		.len = v->len,
		.says = says_of(v),
		.path = members->paths.len,
	};
	return add_path(s, v);
}

int secret_members_find(const char *text, size_t len,
			const struct examined_list *found,
			struct secret_members *ret, struct why *why)
{
	struct search s = {.found = found, .members = ret};
	int r;

	ret->len = 0;
	buf_reset(&ret->paths);
	if (!found->len)
		return 0;
	r = json_scan(text, len, 0, visit, &s, NULL);
	buf_done(&s.key);
	if (r < 0)
		return why_set(why, r, "out of memory");
	if (r != JSON_VALID || s.next != found->len)
		return why_set(why, -EINVAL, "the text is not as it was read");
	return 0;
}

size_t secret_members_count(const struct secret_members *members,
			    enum secret_says says)
{
	size_t count = 0;

	for (size_t i = 0; i < members->len; i++)
		count += members->list[i].says == says;
	return count;
}

/* ---- out and in ---- */

int secret_text_strip(const char *text, size_t len,
		      const struct secret_members *members, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < members->len; i++) {
		const struct secret_member *m = &members->list[i];

		if (m->says != SECRET_VALUE)
			continue;
		buf_add(out, text + done, m->at - done);
		buf_text(out, NONE);
		done = m->at + m->len;
	}
	buf_add(out, text + done, len - done);
	return buf_error(out);
}

int secret_text_fill(const char *text, size_t len,
		     const struct secret_members *members, secret_value_fn fn,
		     void *arg, struct buf *out)
{
	size_t done = 0;
	int r = 0;

	for (size_t i = 0; i < members->len && r == 0; i++) {
		const struct secret_member *m = &members->list[i];
		size_t before;

		if (m->says != SECRET_NULL)
			continue;
		buf_add(out, text + done, m->at - done);
		before = out->len;
		r = fn(secret_path(members, i), out, arg);
		if (r == 0 && out->len == before)
			buf_text(out, NONE);
		done = m->at + m->len;
	}
	buf_add(out, text + done, len - done);
	return r < 0 ? r : buf_error(out);
}
