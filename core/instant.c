#include "core/instant.h"

#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (INT64_C(60) * SECOND_NS)
#define DAY_NS (INT64_C(1440) * MINUTE_NS)

enum {
	DATE_LEN = sizeof("2026-11-20") - 1,
	TIME_LEN = sizeof("10:30") - 1,
	SECONDS_LEN = sizeof("10:30:00") - 1,
	GMT_LEN = sizeof("GMT-2026.11.20-10.30.00") - 1,
};

/* How long what is written lasts; @text is a time that could be read. */
static int64_t unit_of(const char *text)
{
	const char *time = text + DATE_LEN + 1; /* after the T */
	int64_t unit = SECOND_NS;

	if (strlen(text) <= DATE_LEN)
		return DAY_NS;
	if (time[TIME_LEN] != ':' && time[TIME_LEN] != '.')
		return MINUTE_NS;
	if (time[SECONDS_LEN] != '.' && time[SECONDS_LEN] != ',')
		return SECOND_NS;
	for (const char *digit = time + SECONDS_LEN + 1;
	     *digit >= '0' && *digit <= '9' && unit > 1; digit++)
		unit /= 10;
	return unit;
}

/* "GMT-2026.11.20-10.30.00" as "2026-11-20T10.30.00". */
static void from_gmt(const char *text, char out[GMT_LEN + 1])
{
	memcpy(out, text + strlen("GMT-"), GMT_LEN - strlen("GMT-") + 1);
	out[DATE_LEN] = 'T';
	for (size_t i = 0; i < DATE_LEN; i++)
		if (out[i] == '.')
			out[i] = '-';
}

int instant_parse(const char *text, int64_t *ret_ns, struct why *why)
{
	char copy[GMT_LEN + 1];
	const char *rfc = text;
	int64_t ns, unit;

	if (strncmp(text, "GMT-", 4) == 0 && strlen(text) == GMT_LEN) {
		from_gmt(text, copy);
		rfc = copy;
	}
	if (env_parse_time(rfc, &ns) < 0)
		return why_set(why, -EINVAL,
			       "'%s' is no time: it looks like "
			       "2026-11-20T10:30:00Z",
			       text);
	unit = unit_of(rfc);
	*ret_ns = ns > INT64_MAX - unit ? INT64_MAX : ns + unit - 1;
	return 0;
}
