/*
 * kinds - every tree of the mount: rows of the table in kinds.c, by the kind
 * that a node number names.
 *
 * Thread-safety: constant.
 */
#ifndef FS_KINDS_H
#define FS_KINDS_H

#include "fs/node.h"

extern const struct node_kind kind_live;

extern const struct node_kind kind_past;
extern const struct node_kind kind_past_control;
extern const struct node_kind kind_past_manifest;
extern const struct node_kind kind_past_tar;
extern const struct node_kind kind_past_zip;

extern const struct node_kind kind_backup;

extern const struct node_kind kind_snapdir;
extern const struct node_kind kind_versions;
extern const struct node_kind kind_versions_item;
extern const struct node_kind kind_version;

extern const struct node_kind kind_control;
extern const struct node_kind kind_control_file;
extern const struct node_kind kind_diff;
extern const struct node_kind kind_diff_file;
extern const struct node_kind kind_rejected;
extern const struct node_kind kind_rejected_file;
extern const struct node_kind kind_references;
extern const struct node_kind kind_references_of;

extern const struct node_kind kind_secrets;

/* What the process of the witness finds instead of all of these, and what it
 * is shown where there is nothing. */
extern const struct node_kind kind_witnessed;
extern const struct node_kind kind_shade;

#endif
