#include "fs/options.h"

#include "core/why.h"
#include "fs/cmd.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct option all[] = {
	{"closure", no_argument, NULL, 'c'},
	{"format", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"history", no_argument, NULL, 'H'},
	{"in", required_argument, NULL, 'i'},
	{"output", required_argument, NULL, 'o'},
	{"json", no_argument, NULL, 'j'},
	{"lazy", no_argument, NULL, 'l'},
	{"message", required_argument, NULL, 'm'},
	{"dry-run", no_argument, NULL, 'n'},
	{"name", required_argument, NULL, 'N'},
	{"kinds", required_argument, NULL, 'K'},
	{"full", no_argument, NULL, 'F'},
	{"last", no_argument, NULL, 'L'},
	{"once", no_argument, NULL, 'u'},
	{"revision", required_argument, NULL, 'r'},
	{"yes", no_argument, NULL, 'y'},
	{"kind", required_argument, NULL, 'k'},
	{"status", required_argument, NULL, 's'},
	{"user", required_argument, NULL, 'U'},
	{"since", required_argument, NULL, 'S'},
	{"program", required_argument, NULL, 'P'},
	{"change", required_argument, NULL, 'C'},
	{"ours", no_argument, NULL, 'O'},
	{"theirs", no_argument, NULL, 'T'},
	{"names-only", no_argument, NULL, 'p'},
	{"running", no_argument, NULL, 'R'},
};
enum { ALL = sizeof(all) / sizeof(all[0]) };

/* The two forms of the table that getopt_long() wants. */
struct accepted {
	struct option longs[ALL + 1];
	char shorts[2 * ALL + 2];
};

static void accept_letters(const char *letters, struct accepted *ret)
{
	size_t len = 0, n = 0;

	ret->shorts[len++] = ':';
	for (size_t i = 0; i < ALL; i++) {
		const struct option *o = &all[i];

		if (o->val != 'h' && !strchr(letters, o->val))
			continue;
		ret->longs[n++] = *o;
		ret->shorts[len++] = (char)o->val;
		if (o->has_arg == required_argument)
			ret->shorts[len++] = ':';
	}
	ret->longs[n] = (struct option){0};
	ret->shorts[len] = '\0';
}

static void take_filter(int letter, struct options *o)
{
	switch (letter) {
	case 'k':
		o->kind = optarg;
		break;
	case 's':
		o->status = optarg;
		break;
	case 'U':
		o->user = optarg;
		break;
	case 'S':
		o->since = optarg;
		break;
	case 'P':
		o->program = optarg;
		break;
	case 'C':
		o->change = optarg;
		break;
	default:
		break;
	}
}

static void take_flag(int letter, struct options *o)
{
	switch (letter) {
	case 'F':
		o->full = true;
		break;
	case 'L':
		o->last = true;
		break;
	case 'u':
		o->once = true;
		break;
	case 'p':
		o->names_only = true;
		break;
	case 'R':
		o->running = true;
		break;
	case 'y':
		o->yes = true;
		break;
	default:
		take_filter(letter, o);
		break;
	}
}

static void take(int letter, struct options *o)
{
	switch (letter) {
	case 'c':
		o->closure = true;
		break;
	case 'f':
		o->format = optarg;
		break;
	case 'H':
		o->history = true;
		break;
	case 'i':
		o->inside = optarg;
		break;
	case 'j':
		o->json = true;
		break;
	case 'l':
		o->lazy = true;
		break;
	case 'm':
		o->message = optarg;
		break;
	case 'n':
		o->dry_run = true;
		break;
	case 'K':
		o->kinds = optarg;
		break;
	case 'N':
		o->name = optarg;
		break;
	case 'r':
		o->revision = optarg;
		break;
	case 'o':
		o->output = optarg;
		break;
	case 'O':
		o->ours = true;
		break;
	case 'T':
		o->theirs = true;
		break;
	default:
		take_flag(letter, o);
		break;
	}
}

static int count_wrong(const struct options *o, int min)
{
	if (o->count < min)
		return options_usage(o->command, "too few arguments");
	return options_usage(o->command, "one argument too many: '%s'",
			     o->args[o->count - 1]);
}

int options_parse(int argc, char **argv, const char *letters, int min, int max,
		  const char *help, struct options *ret)
{
	struct options o = {.command = argv[0]};
	struct accepted accepted;
	int letter;

	accept_letters(letters, &accepted);
	optind = 0; /* the dispatcher may have parsed before */
	for (;;) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread yet */
		letter = getopt_long(argc, argv, accepted.shorts,
				     accepted.longs, NULL);
		if (letter == -1)
			break;
		if (letter == 'h') {
			(void)fputs(help, stdout);
			return EXIT_DONE;
		}
		if (letter == ':')
			return options_usage(o.command, "%s needs a value",
					     argv[optind - 1]);
		if (letter == '?')
			return options_usage(o.command, "no option %s",
					     argv[optind - 1]);
		take(letter, &o);
	}
	o.args = argv + optind;
	o.count = argc - optind;
	if (o.count < min || o.count > max)
		return count_wrong(&o, min);
	*ret = o;
	return OPTIONS_GO_ON;
}

int options_failed(const char *command, const struct why *why)
{
	(void)fprintf(stderr, "repofs: %s: %s\n", command, why->text);
	return EXIT_FAILED;
}

int options_usage(const char *command, const char *fmt, ...)
{
	va_list args;

	(void)fprintf(stderr, "repofs: %s: ", command);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fprintf(stderr, "; see 'repofs %s --help'\n", command);
	return EXIT_USAGE;
}
