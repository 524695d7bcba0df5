#include "fs/places.h"

#include "core/why.h"
#include "fs/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void places_done(struct places *places)
{
	for (int i = 0; i < places->count; i++)
		free(places->full[i]);
	free(places->full);
	free(places->paths);
	free(places->inside);
}

/* @above/@below, without slashes at the ends. */
static int add(struct places *p, const char *above, const char *below,
	       struct why *why)
{
	char *path;

	above += strspn(above, "/");
	below += strspn(below, "/");
	if (asprintf(&path, "%s%s%s", above, *above && *below ? "/" : "",
		     below) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t len = strlen(path); len > 0 && path[len - 1] == '/';)
		path[--len] = '\0';
	p->full[p->count++] = path;
	return 0;
}

static int add_place(struct places *p, const char *text,
		     const struct place *first, struct why *why)
{
	struct place place;
	int r = place_find(text, NULL, &place, why);

	if (r < 0)
		return r;
	if (!place.in_mount ||
	    strcmp(place.mounted.point, first->mounted.point) != 0)
		return why_set(why, -EINVAL, "'%s' is not in the mount '%s'",
			       text, first->mounted.point);
	return add(p, place.folder + strlen(place.mounted.point), place.rest,
		   why);
}

/* The length of the folder that all are in; the root is in itself. */
static size_t find_common(const struct places *p)
{
	const char *first = p->full[0];
	size_t len = strlen(first);

	for (int i = 0; i < p->count; i++) {
		size_t own = strlen(p->full[i]), same = 0, end = 0;

		for (; same < len && same < own; same++) {
			if (first[same] != p->full[i][same])
				break;
			if (first[same] == '/')
				end = same;
		}
		/* All of it fits, and there is more: it is a folder of both. */
		if (same == len && same < own && p->full[i][same] == '/')
			end = same;
		len = end;
	}
	return len;
}

static int divide(struct places *p, const struct place *first, struct why *why)
{
	size_t len = find_common(p);

	for (int i = 0; i < p->count; i++)
		p->paths[i] = p->full[i] + len + (len > 0);
	if (first->in_mount) {
		(void)snprintf(p->place, sizeof(p->place), "%s/%.*s",
			       first->mounted.point, (int)len, p->full[0]);
		return 0;
	}
	(void)snprintf(p->place, sizeof(p->place), "%s", first->mounted.file);
	p->inside = strndup(p->full[0], len);
	return p->inside ? 0 : why_set(why, -ENOMEM, "out of memory");
}

/* Nothing is divided: the folder is the place, as it was named. */
static int take_one(struct places *p, const char *text, const char *inside,
		    struct why *why)
{
	if (strlen(text) >= sizeof(p->place))
		return why_set(why, -ENAMETOOLONG, "a path is too long");
	(void)snprintf(p->place, sizeof(p->place), "%s", text);
	if (!inside)
		return 0;
	p->inside = strdup(inside);
	return p->inside ? 0 : why_set(why, -ENOMEM, "out of memory");
}

int places_find(char **args, int count, const char *inside, struct places *ret,
		struct why *why)
{
	struct place first;
	int r;

	if (count <= 1)
		return take_one(ret, count ? args[0] : ".", inside, why);
	r = place_find(args[0], inside, &first, why);
	if (r < 0)
		return r;
	ret->full = calloc((size_t)count, sizeof(char *));
	ret->paths = calloc((size_t)count, sizeof(char *));
	if (!ret->full || !ret->paths)
		return why_set(why, -ENOMEM, "out of memory");
	for (int i = first.in_mount ? 0 : 1; i < count && r == 0; i++)
		r = first.in_mount
			    ? add_place(ret, args[i], &first, why)
			    : add(ret, inside ? inside : "", args[i], why);
	return r < 0 ? r : divide(ret, &first, why);
}
