#include "core/buf.h"
#include "core/kind.h"
#include "core/store.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs init [--kinds KINDS] FILE\n"
	"\n"
	"Make FILE, a new and empty repository. You own it and its root "
	"folder.\n"
	"\n"
	"      --kinds KINDS  it knows the kinds of items that are defined in "
	"this file,\n"
	"                     too; 'repofs kinds --json' shows what such a "
	"file holds\n"
	"\n"
	"  repofs init rules.repo\n"
	"  mkdir rules\n"
	"  repofs mount rules.repo rules\n";

static int read_file(const char *path, struct buf *out, struct why *why)
{
	FILE *in = fopen(path, "re");
	char chunk[8192];
	size_t n;
	int failed;

	if (!in)
		return why_set(why, -errno, "cannot read '%s': %s", path,
			       strerrordesc_np(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(out, chunk, n);
	failed = ferror(in);
	(void)fclose(in);
	if (failed)
		return why_set(why, -EIO, "cannot read '%s'", path);
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* Read it, and refuse it before anything is made. */
static int read_kinds(const char *path, struct buf *out, struct why *why)
{
	DROP(kinds_free_p) struct kinds *kinds = NULL;
	struct why wrong = {0};
	int r = read_file(path, out, why);

	if (r == 0)
		r = kinds_new(&kinds, why);
	if (r < 0)
		return r;
	r = kinds_add(kinds, out->data, out->len, &wrong);
	return r < 0 ? why_set(why, r, "%s: %s", path, wrong.text) : 0;
}

static int make(const struct options *o, struct why *why)
{
	DROP(buf_done) struct buf kinds = {0};
	mode_t mask = umask(0);
	int r;

	(void)umask(mask);
	r = o->kinds ? read_kinds(o->kinds, &kinds, why) : 0;
	if (r == 0)
		r = store_create(o->args[0], NULL, 0777 & ~mask, getuid(),
				 getgid(), why);
	if (r < 0 || !o->kinds)
		return r;
	r = store_add_kinds(o->args[0], kinds.data, kinds.len, why);
	if (r < 0)
		(void)unlink(o->args[0]);
	return r;
}

int cmd_init(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "K", 1, 1, help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	r = make(&o, &why);
	if (r < 0)
		return options_failed(o.command, &why);
	if (isatty(STDOUT_FILENO))
		(void)printf("%s is ready: repofs mount %s FOLDER\n", o.args[0],
			     o.args[0]);
	return EXIT_DONE;
}
