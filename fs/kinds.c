#include "fs/kinds.h"

#include "fs/node.h"

static const struct node_kind *const kinds[INUM_KINDS] = {
	[INUM_LIVE] = &kind_live,
	[INUM_PAST] = &kind_past,
	[INUM_SNAPDIR] = &kind_snapdir,
	[INUM_VERSIONS] = &kind_versions,
	[INUM_VERSIONS_ITEM] = &kind_versions_item,
	[INUM_VERSION] = &kind_version,
	[INUM_CONTROL] = &kind_control,
	[INUM_CONTROL_FILE] = &kind_control_file,
	[INUM_DIFF] = &kind_diff,
	[INUM_SHOW] = &kind_diff,
	[INUM_DIFF_FILE] = &kind_diff_file,
	[INUM_REJECTED] = &kind_rejected,
	[INUM_REJECTED_FILE] = &kind_rejected_file,
	[INUM_PAST_CONTROL] = &kind_past_control,
	[INUM_PAST_MANIFEST] = &kind_past_manifest,
	[INUM_PAST_TAR] = &kind_past_tar,
	[INUM_PAST_ZIP] = &kind_past_zip,
	[INUM_BACKUP] = &kind_backup,
	[INUM_REFERENCES] = &kind_references,
	[INUM_REFERENCES_OF] = &kind_references_of,
	[INUM_SECRETS] = &kind_secrets,
	[INUM_SHADE] = &kind_shade,
};

const struct node_kind *node_kind(uint64_t ino)
{
	/* Numbers come back from the kernel as we gave them, but a file
	 * server on top may make some up. */
	static const struct node_kind none = {.name = "none"};
	unsigned kind = inum_kind(ino);

	return kind < INUM_KINDS ? kinds[kind] : &none;
}
