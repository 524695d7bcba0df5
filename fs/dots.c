#include "fs/dots.h"

#include "core/tree.h"
#include "fs/call.h"
#include "fs/kinds.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int dots_lookup(struct call *c, int64_t folder, const char *name,
		struct node *ret)
{
	static const struct {
		const char *name;
		enum inum_kind kind;
		bool root_only;
	} dots[] = {
		{".snapshots", INUM_SNAPDIR, false},
		{".control", INUM_CONTROL, false},
		{".backup", INUM_BACKUP, false},
		{".secrets", INUM_SECRETS, true},
	};

	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
		uint64_t ino = inum_make(dots[i].kind, (uint64_t)folder);

		if (dots[i].root_only && folder != TREE_ROOT)
			continue;
		if (strcmp(dots[i].name, name) == 0)
			return node_kind(ino)->getattr(c, ino, ret);
	}
	return -ENOENT;
}
