/*
 * kind_row - the inside of a kind, for kind*.c and for what walks items by it.
 *
 * Thread-safety: never changed once they are loaded.
 */
#ifndef CORE_KIND_ROW_H
#define CORE_KIND_ROW_H

#include "core/kind.h"
#include "core/pattern.h"

#include <stdbool.h>

enum kind_form { KIND_FORM_PATH, KIND_FORM_SCHEME, KIND_FORM_ID };

struct kind_reference {
	struct pattern at;
	const struct pattern_step *last; /* of at: its last name, or NULL */
	enum kind_form form;
	char *scheme;	/* "RULE://" */
	char *below;	/* "/rules/" */
	uint64_t leads; /* kinds, KIND_FOLDER */
	char *beside;	/* a member, or NULL */
	size_t beside_len;
};

struct kind_patterns {
	struct pattern *list;
	size_t len;
};

struct kind_words {
	char **list;
	size_t len;
};

struct kind_secret {
	struct kind_patterns inside;
	struct kind_words words; /* none: all that is inside */
};

struct kind_file {
	struct kind_patterns inside;
	struct kind_words begins;
	bool extensions;
};

struct kind {
	unsigned number;
	char *set, *name, *folder;
	size_t folder_len;
	char *variant, *variant_member; /* or NULL */
	char *id;			/* or NULL */
	struct kind_reference *refs;
	size_t ref_count;
	struct kind_secret *secrets;
	size_t secret_count;
	struct kind_file *files;
	size_t file_count;
	struct kind_patterns volatiles;
	/* The lengths of the keys that matter, as bits, so that most values
	 * are passed over at once: the last names of references and of what is
	 * volatile, members beside; those of objects with secrets. */
	uint64_t key_lengths, secret_lengths;
};

/* The bit for a key; all keys of 63 bytes and more have one. */
static inline uint64_t kind_length_bit(size_t len)
{
	return UINT64_C(1) << (len < 63 ? len : 63);
}

struct kinds {
	struct kind *list;
	size_t len;
};

#endif
