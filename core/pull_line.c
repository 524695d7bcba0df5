/*
 * What is written to a pull: the verb, and the folder that it names.
 */
#include "core/pull_priv.h"

#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* ---- what is asked for ---- */

/* Is the first word of @line @word? *ret_rest: what follows it. */
static bool is_word(const char *line, const char *word, const char **ret_rest)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) != 0 || (line[len] && line[len] != ' '))
		return false;
	*ret_rest = line + len + strspn(line + len, " ");
	return true;
}

int pull_line(const char *line, struct pull_asked *ret, struct why *why)
{
	static const char *const words[] = {
		[PULL_VERB_DRY_RUN] = "dry-run",
		[PULL_VERB_OURS] = "ours",
		[PULL_VERB_THEIRS] = "theirs",
		[PULL_VERB_CANCEL] = "cancel",
	};

	line += strspn(line, " ");
	*ret = (struct pull_asked){PULL_VERB_PULL, line};
	for (int i = PULL_VERB_DRY_RUN; i <= PULL_VERB_CANCEL; i++)
		if (is_word(line, words[i], &ret->text)) {
			ret->verb = (enum pull_verb)i;
			break;
		}
	if (ret->verb == PULL_VERB_CANCEL && *ret->text)
		return why_set(why, -EINVAL, "'cancel' stands alone");
	if (ret->verb <= PULL_VERB_DRY_RUN && !*ret->text)
		return why_set(why, -EINVAL,
			       "pull from which folder? '../Orders-sandbox'");
	if (ret->verb == PULL_VERB_OURS || ret->verb == PULL_VERB_THEIRS)
		while (strncmp(ret->text, "./", 2) == 0)
			ret->text += 2;
	return 0;
}

/* ---- the clone ---- */

static int step_to(struct pull *p, const char *part, int64_t *folder)
{
	struct entry e;
	int r;

	if (strcmp(part, ".") == 0)
		return 0;
	if (strcmp(part, "..") != 0)
		r = tree_lookup(p->db, MOMENT_NOW, *folder, part, &e, NULL);
	else
		r = tree_get(p->db, MOMENT_NOW, *folder, &e, NULL);
	if (r < 0)
		return r;
	if (strcmp(part, "..") != 0)
		*folder = e.id;
	else if (e.parent)
		*folder = e.parent;
	return e.folder ? 0 : -ENOTDIR;
}

int pull_line_folder(struct pull *p, const char *path, int64_t *ret)
{
	char part[256];
	const char *at = path;
	int r = 0;

	*ret = *path == '/' ? TREE_ROOT : p->here;
	while (r == 0 && *(at += strspn(at, "/"))) {
		size_t len = strcspn(at, "/");

		if (len >= sizeof(part))
			return why_set(p->why, -ENAMETOOLONG,
				       "'%.40s...' is no name", at);
		memcpy(part, at, len);
		part[len] = '\0';
		r = step_to(p, part, ret);
		at += len;
	}
	if (r == -ENOENT)
		return why_set(p->why, r, "there is no folder '%s'", path);
	if (r == -ENOTDIR)
		return why_set(p->why, r, "'%s' is no folder", path);
	return r < 0 ? why_set(p->why, r, "looking for '%s'", path) : 0;
}
