#include "fs/mount.h"

#include "core/buf.h"
#include "core/repo.h"
#include "fs/ahead.h"
#include "fs/commit.h"
#include "fs/file.h"
#include "fs/filing.h"
#include "fs/live.h"
#include "fs/mount_options.h"
#include "fs/notify.h"
#include "fs/ops.h"
#include "fs/sentences.h"
#include "fs/texts.h"
#include "fs/views.h"
#include "fs/witness.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	WORKERS = 10,
	/* The kernel hands requests to those that wait in turn, so each of many
	 * would find the caches of its processor cold. */
	IDLE_WORKERS = 4,
	MAX_WRITE = 1 << 20,
	STUCK_MS = 2000
};

struct mount {
	struct fs fs; /* first: what the session gets as its data */
	const struct mount_options *options;
	bool mounted;
	pthread_t main, loop;
	sem_t started; /* the kernel was answered, or the loop has ended */
	atomic_bool answered, ended;
	int result; /* of the loop */
};

/* ---- the session ---- */

static void on_init(void *data, struct fuse_conn_info *conn)
{
	static const unsigned wanted =
		FUSE_CAP_READDIRPLUS | FUSE_CAP_EXPLICIT_INVAL_DATA |
		FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS;
	/* The kernel drops pages and listings when we say so, never because a
	 * time differs. Truncation must come as SETATTR: a kernel that does it
	 * at open cuts off the mappings of other readers before it is decided
	 * whose bytes those are. */
	static const unsigned unwanted =
		FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_AUTO_INVAL_DATA |
		FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_ATOMIC_O_TRUNC |
		FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_SPLICE_READ |
		FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
		FUSE_CAP_IOCTL_DIR;
	struct mount *m = data;

	conn->want |= conn->capable & wanted;
	conn->want &= ~unwanted;
	conn->max_write = MAX_WRITE;
	atomic_store(&m->answered, true);
	(void)sem_post(&m->started);
}

/*
 * Root's mount that is for nobody else: modes keep nobody out. For the kernel to
 * check them all the same it would ask for the folder's before each new name.
 */
static bool is_roots_own(const struct mount_options *o)
{
	return geteuid() == 0 && !o->modes;
}

static int add_words(struct fuse_args *args, const struct mount_options *o)
{
	DROP(buf_done) struct buf words = {0};
	int r;

	if (!is_roots_own(o))
		buf_text(&words, "default_permissions,");
	buf_text(&words, "subtype=repofs,fsname=");
	mount_options_quote(&words, o->file);
	buf_add(&words, o->words.data, o->words.len);
	buf_byte(&words, '\0');
	r = buf_error(&words);
	if (r < 0)
		return r;
	if (fuse_opt_add_arg(args, "repofs") < 0 ||
	    fuse_opt_add_arg(args, "-o") < 0 ||
	    fuse_opt_add_arg(args, words.data) < 0 ||
	    (o->debug && fuse_opt_add_arg(args, "-d") < 0))
		return -ENOMEM;
	return 0;
}

static int open_session(struct mount *m, struct why *why)
{
	DROP(fuse_opt_free_args) struct fuse_args args = {0};
	struct fuse_lowlevel_ops ops = ops_all;

	ops.init = on_init;
	if (add_words(&args, m->options) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	m->fs.session = fuse_session_new(&args, &ops, sizeof(ops), &m->fs);
	if (!m->fs.session)
		return why_set(why, -EINVAL, "libfuse does not take '%s'",
			       args.argv[args.argc - 1]);
	if (fuse_session_mount(m->fs.session, m->options->dir) < 0)
		return why_set(why, -EPERM,
			       "'%s' cannot be mounted on; libfuse said why",
			       m->options->dir);
	m->mounted = true;
	return 0;
}

/* ---- the loop ---- */

static void *loop(void *arg)
{
	struct mount *m = arg;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	sigset_t wake;

	(void)sigemptyset(&wake);
	(void)sigaddset(&wake, SIGUSR1);
	(void)pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
	m->result = -ENOMEM;
	if (config) {
		fuse_loop_cfg_set_max_threads(config, WORKERS);
		fuse_loop_cfg_set_idle_threads(config, IDLE_WORKERS);
		m->result = fuse_session_loop_mt(m->fs.session, config);
		fuse_loop_cfg_destroy(config);
	}
	atomic_store(&m->ended, true);
	(void)sem_post(&m->started);
	(void)pthread_kill(m->main, SIGHUP);
	return NULL;
}

static int start_loop(struct mount *m, struct why *why)
{
	int r = pthread_create(&m->loop, NULL, loop, m);

	if (r != 0)
		return why_set(why, -r, "no thread for the session: %s",
			       strerrordesc_np(r));
	while (sem_wait(&m->started) < 0)
		;
	return 0; /* wait_for_end() sees if it has ended */
}

/*
 * A notice may wait for a lock that the sender of a request holds: it must come
 * to an end while requests are still served. Those that are being served are
 * answered, those in the kernel's queue are not.
 */
static void stop_loop(struct mount *m)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000000L};

	(void)notifier_finish(m->fs.notifier, STUCK_MS);
	fuse_session_exit(m->fs.session);
	/* libfuse looks at the mark of the exit before it sleeps: one signal
	 * might come in between. */
	while (!atomic_load(&m->ended)) {
		(void)pthread_kill(m->loop, SIGUSR1);
		(void)nanosleep(&pause, NULL);
	}
	(void)pthread_join(m->loop, NULL);
}

static void on_wake(int number)
{
	(void)number; /* it interrupts, that is all */
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	return set;
}

static void set_signals(void)
{
	struct sigaction wake = {.sa_handler = on_wake};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked = ending_signals();

	(void)sigaddset(&blocked, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	(void)sigaction(SIGUSR1, &wake, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static void wait_for_end(struct mount *m)
{
	const struct timespec second = {.tv_sec = 1};
	const sigset_t signals = ending_signals();

	while (!atomic_load(&m->ended)) {
		if (sigtimedwait(&signals, NULL, &second) > 0)
			return;
		if (errno != EAGAIN)
			continue;
		notifier_upkeep(m->fs.notifier);
		live_upkeep(&m->fs);
	}
}

/* ---- the parts ---- */

/* Ten threads that free what others allocated would each keep a heap; and
 * what one large text needed shall go back to the system. */
static void tame_malloc(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): no thread yet */
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
	(void)mallopt(M_TRIM_THRESHOLD, 16 << 20);
	(void)mallopt(M_TOP_PAD, 1024 << 10);
	/* NOLINTEND(concurrency-mt-unsafe) */
}

/* Content that is being written may be in a file of its own. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_repo(struct mount *m, struct why *why)
{
	const struct mount_options *o = m->options;
	char holder[4096 + 16];
	struct store_options store = {
		.read_only = o->fs.read_only, .holder = holder, .key = o->key};
	struct stat st;

	if (stat(o->file, &st) < 0)
		return why_set(why, -errno, "'%s': %s", o->file,
			       strerrordesc_np(errno));
	m->fs.owner = st.st_uid;
	m->fs.group = st.st_gid;
	(void)snprintf(holder, sizeof(holder), "mounted on %s", o->dir);
	return repo_open(o->file, &store, &m->fs.repo, why);
}

static int open_parts(struct mount *m, struct why *why)
{
	struct fs *fs = &m->fs;
	int r = open_repo(m, why);

	if (r == 0)
		r = notifier_new(fs, &fs->notifier, why);
	if (r < 0)
		return r;
	if (sentences_new(&fs->errors) < 0 || texts_new(&fs->texts) < 0 ||
	    views_new(&fs->views) < 0 || files_new(&fs->files) < 0 ||
	    ahead_new(&fs->ahead) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	r = live_start(fs, why);
	return r < 0 ? r : filing_start(fs, commit_group, why);
}

/* The mount goes last: when it is gone, everything is stored and the
 * repository is free for others. */
static void close_all(struct mount *m)
{
	struct fs *fs = &m->fs;

	if (fs->files)
		call_close_all(fs);
	if (fs->live)
		live_stop(fs);
	views_free(fs->views);
	texts_free(fs->texts);
	sentences_free(fs->errors);
	files_free(fs->files);
	ahead_free(fs->ahead);
	repo_close(fs->repo);
	notifier_free(fs->notifier);
	witness_free(fs->witness);
	if (m->mounted)
		fuse_session_unmount(fs->session);
	if (fs->session)
		fuse_session_destroy(fs->session);
	(void)sem_destroy(&m->started);
}

int mount_run(const struct mount_options *options, void (*ready)(void *arg),
	      void *arg, struct why *why)
{
	DROP(close_all) struct mount m = {.options = options};
	int r;

	m.fs.options = options->fs;
	m.fs.mountpoint = options->dir;
	m.main = pthread_self();
	(void)sem_init(&m.started, 0, 0);
	tame_malloc();
	raise_limits();
	set_signals();
	if (!options->fs.read_only)
		m.fs.witness = witness_new();
	r = open_parts(&m, why);
	if (r == 0)
		r = open_session(&m, why);
	if (r == 0)
		r = start_loop(&m, why);
	if (r < 0)
		return r;
	if (m.fs.witness)
		witness_start(m.fs.witness, &m.fs);
	if (atomic_load(&m.answered))
		ready(arg);
	wait_for_end(&m);
	witness_stop(m.fs.witness);
	stop_loop(&m);
	if (m.result < 0)
		return why_set(why, m.result, "the session broke: %s",
			       strerrordesc_np(-m.result));
	if (!atomic_load(&m.answered))
		return why_set(why, -EIO, "the kernel did not begin");
	return 0;
}
