/*
 * merge_tree - a JSON text as a tree of what is where in it: for core/merge.
 *
 * The nodes say which bytes of the text are theirs, so that what is merged can
 * be cut out of it byte for byte.
 *
 * Thread-safety: never changed once it is read.
 */
#ifndef CORE_MERGE_TREE_H
#define CORE_MERGE_TREE_H

#include "core/buf.h"
#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kind;
struct why;

/* No node: nothing is there. */
#define MERGE_NONE UINT32_MAX

struct merge_node {
	uint32_t at, len;      /* the value, with any quotes */
	uint32_t key, key_len; /* inside the quotes; of a member */
	uint32_t plain;	       /* a string with escapes, decoded: where + 1 */
	uint32_t key_plain;    /* likewise the key */
	uint32_t kids, count;  /* what is in it: in the tree's kids */
	uint32_t pos;	       /* which of its container's it is */
	enum json_kind kind;
	bool idle; /* volatile: it does not count */
};

struct merge_tree { /* zeroed: there is no text */
	const char *text;
	size_t len;
	struct merge_node *nodes; /* the last one is the top */
	uint32_t node_count, node_cap;
	/* Those of one container stand together, in the order of the text; in
	 * sorted, at the same places, members in the order of their keys. */
	uint32_t *kids, *sorted;
	uint32_t kid_count, kid_cap;
	struct buf plain; /* decoded strings, each with a NUL */
};

/* Read @text, which stays where it is. @kind NULL: nothing is volatile.
 * -EINVAL: it is no JSON; -EFBIG. */
int merge_tree_read(struct merge_tree *tree, const struct kind *kind,
		    const char *text, size_t len, struct why *why);
void merge_tree_done(struct merge_tree *tree);

/* The top, or MERGE_NONE. */
uint32_t merge_tree_top(const struct merge_tree *tree);

static inline const struct merge_node *
merge_node_of(const struct merge_tree *tree, uint32_t node)
{
	return &tree->nodes[node];
}

/* The @i-th of what is in a container. */
static inline uint32_t merge_kid(const struct merge_tree *tree,
				 const struct merge_node *node, uint32_t i)
{
	return tree->kids[node->kids + i];
}

/* A key, a string or any other scalar as it means; not terminated. */
struct merge_word {
	const char *at;
	size_t len;
};
struct merge_word merge_key_of(const struct merge_tree *tree,
			       const struct merge_node *node);
struct merge_word merge_word_of(const struct merge_tree *tree,
				const struct merge_node *node);
/* As memcmp(), the shorter first. */
int merge_word_order(struct merge_word a, struct merge_word b);

/* The member of @object with the key, or MERGE_NONE. */
uint32_t merge_member(const struct merge_tree *tree,
		      const struct merge_node *object, struct merge_word key);

/* Do they mean the same? The order of members, white space, escapes and what
 * is volatile do not count. MERGE_NONE is the same as itself. */
bool merge_same(const struct merge_tree *a_tree, uint32_t a,
		const struct merge_tree *b_tree, uint32_t b);

#endif
