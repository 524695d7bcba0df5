/*
 * client_priv - what the files of client share.
 */
#ifndef FS_CLIENT_PRIV_H
#define FS_CLIENT_PRIV_H

#include "fs/client.h"
#include "fs/place.h"

#include <limits.h>

struct repo;

struct client {
	struct place place;
	struct repo *repo; /* NULL: through control files */
	int64_t folder;	   /* with repo */
	char rest[PATH_MAX];
};

#endif
