#include "fs/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 40 };
static const int64_t quiet_ns = 2000000000;
static const int64_t redraw_ns = 100000000;

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct progress progress_begin(const char *what)
{
	return (struct progress){
		.what = what,
		.terminal = isatty(STDERR_FILENO),
		.begun_ns = now_ns(),
	};
}

static void draw(const struct progress *p, int64_t done, int64_t total)
{
	char bar[BAR_WIDTH + 1];
	int full;

	if (total <= 0) {
		(void)fprintf(stderr, "\r%s: %" PRId64 "\033[K", p->what, done);
		return;
	}
	if (done > total)
		done = total;
	full = (int)((double)done / (double)total * BAR_WIDTH);
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t)full);
	bar[BAR_WIDTH] = '\0';
	(void)fprintf(stderr, "\r%s [%s] %3d %%\033[K", p->what, bar,
		      (int)((double)done / (double)total * 100));
}

void progress_step(struct progress *p, int64_t done, int64_t total)
{
	int64_t now;

	if (!p->terminal)
		return;
	now = now_ns();
	if (now - p->begun_ns < quiet_ns || now - p->drawn_ns < redraw_ns)
		return;
	draw(p, done, total);
	p->drawn_ns = now;
	p->shown = true;
}

void progress_tell(int64_t done, int64_t total, void *progress)
{
	progress_step(progress, done, total);
}

void progress_hide(struct progress *p)
{
	if (p->shown)
		(void)fputs("\r\033[K", stderr);
	p->shown = false;
	p->drawn_ns = 0;
}
