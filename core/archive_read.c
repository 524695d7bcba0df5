#include "core/archive.h"

#include "core/archive_names.h"
#include "core/archive_priv.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Does it begin as a zip, which may be empty? */
static bool is_zip(const unsigned char *bytes, size_t len)
{
	return len >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 ||
			    memcmp(bytes, "PK\5\6", 4) == 0 ||
			    memcmp(bytes, "PK\6\6", 4) == 0);
}

int archive_read(int fd, const struct archive_limits *limits, archive_fn fn,
		 void *arg, struct why *why)
{
	DROP(names_free_p) struct names *names = NULL;
	struct archive_reading reading = {fd, limits, fn, arg, NULL};
	unsigned char begin[4];
	ssize_t len;
	int r;

	len = TEMP_FAILURE_RETRY(pread(fd, begin, sizeof(begin), 0));
	if (len < 0)
		return why_set(why, -errno, "the archive cannot be read: %s",
			       strerrordesc_np(errno));
	if (len == 0)
		return why_set(why, -EBADMSG, "the archive is empty");
	r = names_new(&names, why);
	if (r < 0)
		return r;
	reading.names = names;
	return is_zip(begin, (size_t)len) ? zip_read(&reading, why)
					  : tar_read(&reading, why);
}
