#include "core/env.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const int64_t SECOND = 1000000000;

static int64_t system_now(void *arg)
{
	struct timespec ts;

	(void)arg;
	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
}

static int system_random(void *arg, void *bytes, size_t len)
{
	char *at = bytes;

	(void)arg;
	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

const struct env env_system = {.now_ns = system_now, .random = system_random};

int64_t env_now_ns(const struct env *env)
{
	return env->now_ns(env->arg);
}

struct timespec env_soon(long ns)
{
	struct timespec soon;

	(void)clock_gettime(CLOCK_MONOTONIC, &soon); /* cannot fail */
	soon.tv_nsec += ns;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	return soon;
}

int env_random(const struct env *env, void *bytes, size_t len)
{
	return env->random(env->arg, bytes, len);
}

void env_format_time(int64_t ns, bool fraction, char out[ENV_TIME_SIZE])
{
	int64_t rest = ((ns % SECOND) + SECOND) % SECOND;
	time_t seconds = (time_t)((ns - rest) / SECOND);
	struct tm tm;
	size_t len;

	(void)gmtime_r(&seconds, &tm);
	len = strftime(out, ENV_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	if (fraction)
		(void)snprintf(out + len, ENV_TIME_SIZE - len, ".%09dZ",
			       (int)rest);
	else
		(void)snprintf(out + len, ENV_TIME_SIZE - len, "Z");
}

/* Exactly @digits digits at *@at, moved past. -1: not there. */
static int number(const char **at, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool skip(const char **at, char ch)
{
	if (**at != ch)
		return false;
	++*at;
	return true;
}

static int parse_date(const char **at, struct tm *tm)
{
	int year = number(at, 4), month, day;

	if (year < 1970 || !skip(at, '-'))
		return -EINVAL;
	month = number(at, 2);
	if (month < 1 || month > 12 || !skip(at, '-'))
		return -EINVAL;
	day = number(at, 2);
	if (day < 1 || day > 31)
		return -EINVAL;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	(void)timegm(tm); /* makes the 3rd of March of a 31st of February */
	return tm->tm_mday == day ? 0 : -EINVAL;
}

static int parse_fraction(const char **at, int64_t *ret_fraction)
{
	const char *start = *at;
	int64_t unit = SECOND / 10, sum = 0;

	for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
		sum += (**at - '0') * unit;
	if (*at == start)
		return -EINVAL;
	*ret_fraction = sum;
	return 0;
}

static int parse_clock(const char **at, struct tm *tm, int64_t *ret_fraction)
{
	char between;

	tm->tm_hour = number(at, 2);
	between = **at;
	if (tm->tm_hour < 0 || tm->tm_hour > 23 ||
	    (between != ':' && between != '.'))
		return -EINVAL;
	++*at;
	tm->tm_min = number(at, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return -EINVAL;
	if (!skip(at, between))
		return 0;
	tm->tm_sec = number(at, 2);
	if (tm->tm_sec < 0 || tm->tm_sec > 60)
		return -EINVAL;
	if (skip(at, '.'))
		return parse_fraction(at, ret_fraction);
	return 0;
}

/* "", "Z", "+01:00": seconds east of UTC. */
static int parse_zone(const char **at, int *ret_east)
{
	int sign, hours, minutes;

	*ret_east = 0;
	if (**at == '\0' || skip(at, 'Z'))
		return 0;
	sign = **at == '+' ? 1 : **at == '-' ? -1 : 0;
	if (!sign)
		return -EINVAL;
	++*at;
	hours = number(at, 2);
	(void)(skip(at, ':') || skip(at, '.'));
	minutes = number(at, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	*ret_east = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int env_parse_time(const char *text, int64_t *ret_ns)
{
	struct tm tm = {0};
	int64_t fraction = 0, seconds;
	int east = 0;
	int r = parse_date(&text, &tm);

	if (r == 0 && (skip(&text, 'T') || skip(&text, ' '))) {
		r = parse_clock(&text, &tm, &fraction);
		if (r == 0)
			r = parse_zone(&text, &east);
	}
	if (r < 0 || *text)
		return -EINVAL;
	seconds = (int64_t)timegm(&tm) - east;
	if (seconds < 0 || seconds >= INT64_MAX / SECOND)
		return -EINVAL;
	*ret_ns = seconds * SECOND + fraction;
	return 0;
}

void env_user_name(uid_t uid, char out[ENV_USER_SIZE])
{
	struct passwd pw, *found = NULL;
	char text[1024];

	if (getpwuid_r(uid, &pw, text, sizeof(text), &found) == 0 && found)
		(void)snprintf(out, ENV_USER_SIZE, "%s", pw.pw_name);
	else
		(void)snprintf(out, ENV_USER_SIZE, "%u", (unsigned)uid);
}
