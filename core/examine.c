#include "core/examine_priv.h"

#include "core/defer.h"
#include "core/kind_row.h"
#include "core/why.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In an object that is still open: a reference that may have a member beside
 * it, or what may be that member. */
struct waiting {
	size_t depth; /* of the value */
	size_t ref;   /* its number + 1; 0: it is the member */
	const struct json_step *key;
	const char *name; /* of the member, as in the text */
	size_t name_len;
	size_t at, len;
};

struct walk {
	const struct kind *kind;
	const char *text;
	struct examination *e;
	bool escapes; /* there are some, maybe in keys */
	struct waiting *waiting;
	size_t waiting_len, waiting_cap;
};

static int add_examined(struct examined_list *list, const struct json_value *v)
{
	void *room = list->list;
	int r = examination_grow(&room, list->len, &list->cap,
				 sizeof(*list->list));

	list->list = room;
	if (r == 0)
		list->list[list->len++] =
			(struct examined){v->at, v->len, v->kind};
	return r;
}

/* May the key be one that has one of the lengths? One with escapes is longer
 * than what it says. */
static bool may_be(const struct walk *w, const struct json_step *step,
		   uint64_t lengths)
{
	if (!step->key)
		return false;
	return lengths & kind_length_bit(step->key_len) ||
	       (w->escapes && memchr(step->key, '\\', step->key_len));
}

/* ---- references ---- */

static int add_waiting(struct walk *w, const struct waiting *one)
{
	void *room = w->waiting;
	int r = examination_grow(&room, w->waiting_len, &w->waiting_cap,
				 sizeof(*w->waiting));

	w->waiting = room;
	if (r == 0)
		w->waiting[w->waiting_len++] = *one;
	return r;
}

/* Decode a string into the names, behind @before; the offset of both. */
static int add_name(struct buf *names, const char *before, const char *raw,
		    size_t len, size_t *ret)
{
	size_t start = names->len;
	int r;

	buf_text(names, before);
	r = buf_reserve(names, len + 1);
	if (r < 0)
		return r;
	names->len += json_unescape(raw, len, names->data + names->len);
	buf_byte(names, '\0');
	*ret = start;
	return buf_error(names);
}

/* The normal form of what a string refers to. */
static int add_target(struct walk *w, struct reference *ref)
{
	const struct kind_reference *rule = ref->rule;
	struct buf *names = &w->e->names;
	const char *raw = w->text + ref->at;
	size_t skip = 0, start;
	int r = add_name(names, "", raw, ref->len, &start);

	if (r < 0)
		return r;
	if (rule->form == KIND_FORM_SCHEME) {
		size_t len = strlen(rule->scheme);

		skip = strncmp(names->data + start, rule->scheme, len) ? 0
								       : len;
	}
	if (skip) {
		size_t was = start;

		buf_reserve(names, strlen(rule->below) + names->len - was);
		start = names->len;
		buf_text(names, rule->below);
		buf_text(names, names->data + was + skip);
		buf_byte(names, '\0');
	}
	r = buf_error(names);
	if (r < 0)
		return r;
	ref->target = start;
	ref->target_len = names->len - 1 - start;
	while (rule->form != KIND_FORM_ID && ref->target_len > 1 &&
	       names->data[names->len - 2] == '/') {
		names->data[--names->len - 1] = '\0';
		ref->target_len--;
	}
	return 0;
}

static int add_reference(struct walk *w, const struct json_value *v,
			 const struct kind_reference *rule)
{
	struct examination *e = w->e;
	void *room = e->refs;
	struct reference *ref;
	int r = examination_grow(&room, e->ref_count, &e->ref_cap,
				 sizeof(*e->refs));

	e->refs = room;
	if (r < 0)
		return r;
	ref = &e->refs[e->ref_count++];
	*ref = (struct reference){
		.rule = rule,
		.at = v->at + 1,
		.len = v->len - 2,
	};
	r = add_target(w, ref);
	if (r < 0 || !rule->beside)
		return r;
	return add_waiting(
		w, &(struct waiting){.depth = v->depth, .ref = e->ref_count});
}

static int look_for_references(struct walk *w, const struct json_value *v,
			       const struct json_step *named)
{
	for (size_t i = 0; i < w->kind->ref_count; i++) {
		const struct kind_reference *rule = &w->kind->refs[i];

		if (rule->last &&
		    (!named ||
		     !pattern_is_key(named, rule->last->name, rule->last->len)))
			continue;
		if (pattern_matches(&rule->at, v->path, v->depth))
			return v->len > 2 ? add_reference(w, v, rule) : 0;
	}
	return 0;
}

static int look_for_beside(struct walk *w, const struct json_value *v)
{
	const struct json_step *last = &v->path[v->depth - 1];

	for (size_t i = 0; i < w->kind->ref_count; i++) {
		const struct kind_reference *rule = &w->kind->refs[i];

		if (!rule->beside ||
		    !pattern_is_key(last, rule->beside, rule->beside_len))
			continue;
		return add_waiting(w, &(struct waiting){
					      .depth = v->depth,
					      .name = rule->beside,
					      .at = v->at + 1,
					      .len = v->len - 2,
				      });
	}
	return 0;
}

/* The member that belongs beside @ref, of those that wait from @first on. */
static void pair(struct walk *w, struct reference *ref, size_t first)
{
	for (size_t i = first; i < w->waiting_len; i++) {
		const struct waiting *one = &w->waiting[i];

		if (one->ref || strcmp(one->name, ref->rule->beside) != 0)
			continue;
		ref->beside = one->at;
		ref->beside_len = one->len;
	}
}

/* An object is at its end: what waited in it has found what there is. */
static void close_object(struct walk *w, size_t depth)
{
	size_t first = w->waiting_len;

	while (first > 0 && w->waiting[first - 1].depth > depth)
		first--;
	for (size_t i = first; i < w->waiting_len; i++)
		if (w->waiting[i].ref)
			pair(w, &w->e->refs[w->waiting[i].ref - 1], first);
	w->waiting_len = first;
}

/* ---- secrets and files ---- */

static bool any_matches(const struct kind_patterns *patterns,
			const struct json_step *path, size_t depth)
{
	for (size_t i = 0; i < patterns->len; i++)
		if (pattern_matches(&patterns->list[i], path, depth))
			return true;
	return false;
}

/* In any case, as far as that is ASCII. */
static bool contains(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	for (size_t i = 0; i + word_len <= len; i++)
		if (strncasecmp(text + i, word, word_len) == 0)
			return true;
	return false;
}

/* Is the plain key, or the one that @step writes with escapes, ... */
static bool key_contains(const struct json_step *step,
			 const struct kind_words *words)
{
	char plain[512];
	const char *key = step->key;
	size_t len = step->key_len;

	if (key && len <= sizeof(plain) && memchr(key, '\\', len)) {
		len = json_unescape(key, len, plain);
		key = plain;
	}
	for (size_t i = 0; key && i < words->len; i++)
		if (contains(key, len, words->list[i]))
			return true;
	return false;
}

static bool is_secret_by(const struct walk *w, const struct kind_secret *rule,
			 const struct json_value *v)
{
	for (size_t d = 1; d <= v->depth; d++) {
		if (w->kind->secret_lengths != UINT64_MAX &&
		    !may_be(w, &v->path[d - 1], w->kind->secret_lengths))
			continue;
		if (!any_matches(&rule->inside, v->path, d))
			continue;
		if (!rule->words.len)
			return true;
		for (size_t i = d; i < v->depth; i++)
			if (key_contains(&v->path[i], &rule->words))
				return true;
	}
	return false;
}

static int look_for_secrets(struct walk *w, const struct json_value *v)
{
	if (v->kind != JSON_KIND_STRING && v->kind != JSON_KIND_NUMBER &&
	    v->kind != JSON_KIND_NULL)
		return 0;
	for (size_t i = 0; i < w->kind->secret_count; i++)
		if (is_secret_by(w, &w->kind->secrets[i], v))
			return add_examined(&w->e->secrets, v);
	return 0;
}

static bool is_extension_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* Does the key end in "(.gdb)", "(.csv,.gz,.txt)", "(*.csv; *.txt)"? */
static bool ends_in_extensions(const char *key, size_t len)
{
	size_t i = len;
	bool any = false;

	if (len < 4 || key[len - 1] != ')')
		return false;
	while (i > 0 && key[i - 1] != '(')
		i--;
	if (i == 0)
		return false;
	while (i < len - 1) {
		while (i < len - 1 && strchr(" ,;|", key[i]))
			i++;
		if (i < len - 1 && key[i] == '*')
			i++;
		if (key[i] != '.' || !is_extension_byte(key[i + 1]))
			return false;
		for (i++; is_extension_byte(key[i]) || key[i] == '.';)
			i++;
		any = true;
	}
	return any;
}

static bool is_file_by(const struct kind_file *rule,
		       const struct json_step *step)
{
	for (size_t i = 0; i < rule->begins.len; i++) {
		size_t len = strlen(rule->begins.list[i]);

		if (step->key_len >= len &&
		    memcmp(step->key, rule->begins.list[i], len) == 0)
			return true;
	}
	return rule->extensions && ends_in_extensions(step->key, step->key_len);
}

static int look_for_files(struct walk *w, const struct json_value *v)
{
	const struct json_step *last = &v->path[v->depth - 1];

	if (!last->key || v->len == 2)
		return 0;
	for (size_t i = 0; i < w->kind->file_count; i++) {
		const struct kind_file *rule = &w->kind->files[i];

		if (any_matches(&rule->inside, v->path, v->depth - 1) &&
		    is_file_by(rule, last))
			return add_examined(&w->e->files, v);
	}
	return 0;
}

/* ---- the pass ---- */

/* The innermost member that the value is, or is in. */
static const struct json_step *last_named(const struct json_value *v)
{
	for (size_t i = v->depth; i > 0; i--)
		if (v->path[i - 1].key)
			return &v->path[i - 1];
	return NULL;
}

static int look_at_string(struct walk *w, const struct json_value *v,
			  const struct json_step *named)
{
	const struct kind *kind = w->kind;
	int r = look_for_references(w, v, named);

	if (r == 0)
		r = look_for_beside(w, v);
	if (r < 0 || v->depth != 1 || !kind->id || v->len == 2 ||
	    !pattern_is_key(v->path, kind->id, strlen(kind->id)))
		return r;
	w->e->id_at = v->at + 1;
	w->e->id_len = v->len - 2;
	return add_name(&w->e->names, "", w->text + v->at + 1, v->len - 2,
			&w->e->id);
}

static int visit(const struct json_value *v, void *arg)
{
	struct walk *w = arg;
	const struct kind *kind = w->kind;
	const struct json_step *named;
	int r = 0;

	if (v->kind == JSON_KIND_OBJECT && w->waiting_len)
		close_object(w, v->depth);
	if (v->depth == 0)
		return 0;
	named = last_named(v);
	if (kind->key_lengths == UINT64_MAX ||
	    (named && may_be(w, named, kind->key_lengths))) {
		if (v->kind == JSON_KIND_STRING)
			r = look_at_string(w, v, named);
		if (r == 0 && any_matches(&kind->volatiles, v->path, v->depth))
			r = add_examined(&w->e->volatiles, v);
	}
	if (r == 0 && v->kind == JSON_KIND_STRING && kind->file_count)
		r = look_for_files(w, v);
	if (r == 0 && kind->secret_count)
		r = look_for_secrets(w, v);
	if (v->kind == JSON_KIND_TRUE && v->depth == 1 &&
	    kind->variant_member &&
	    pattern_is_key(v->path, kind->variant_member,
			   strlen(kind->variant_member)))
		w->e->variant = true;
	return r;
}

int examine(const struct kind *kind, const char *text, size_t len,
	    struct examination *ret, struct why *why)
{
	struct walk w = {
		.kind = kind,
		.text = text,
		.e = ret,
		.escapes = len && memchr(text, '\\', len),
	};
	struct json_fault fault;
	int r;

	examination_reset(ret);
	r = json_scan(text, len, 0, visit, &w, &fault);
	free(w.waiting);
	if (r != JSON_VALID)
		examination_reset(
			ret); /* what was found before the fault does not count */
	if (r < 0)
		return why_set(why, r, "out of memory");
	if (r != JSON_VALID)
		return why_set(why, -EINVAL, "line %zu, column %zu: %s",
			       fault.line, fault.column, fault.text);
	return 0;
}
