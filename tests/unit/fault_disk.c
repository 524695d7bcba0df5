#include "tests/unit/fault_disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* The file of the real disk stands right behind ours. */
struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

struct fault {
	atomic_int seen; /* operations since it was set */
	atomic_int nth;	 /* 0: none fails */
	atomic_bool for_good, full;
};

static struct fault faults[2];
static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;
static sqlite3_io_methods fault_methods;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

static bool fails(enum fault_op op)
{
	struct fault *f = &faults[op];
	int seen = atomic_fetch_add(&f->seen, 1) + 1;
	int nth = atomic_load(&f->nth);

	return nth && (seen == nth || (seen > nth && f->for_good));
}

static int fault_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int fault_read(sqlite3_file *file, void *buf, int n, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), buf, n, at);
}

static int fault_write(sqlite3_file *file, const void *buf, int n,
		       sqlite3_int64 at)
{
	if (fails(FAULT_WRITE))
		return faults[FAULT_WRITE].full ? SQLITE_FULL
						: SQLITE_IOERR_WRITE;
	return real_of(file)->pMethods->xWrite(real_of(file), buf, n, at);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	if (fails(FAULT_SYNC))
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_reserved(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int fault_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int fault_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int fault_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend,
			 void volatile **out)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size,
						extend, out);
}

static int fault_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), at, n, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int fault_shm_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static sqlite3_io_methods fault_methods = {
	.iVersion = 2, /* without mapped pages */
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector,
	.xDeviceCharacteristics = fault_device,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		      int flags, int *out_flags)
{
	struct fault_file *f = (struct fault_file *)file;
	int rc;

	(void)vfs;
	f->real = (sqlite3_file *)(f + 1);
	rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out_flags);
	f->base.pMethods = f->real->pMethods ? &fault_methods : NULL;
	return rc;
}

void fault_install(void)
{
	int rc;

	real_vfs = sqlite3_vfs_find(NULL);
	assert(real_vfs);
	fault_vfs = *real_vfs;
	fault_vfs.zName = "fault";
	fault_vfs.szOsFile += (int)sizeof(struct fault_file);
	fault_vfs.xOpen = fault_open;
	rc = sqlite3_vfs_register(&fault_vfs, 1);
	assert(rc == SQLITE_OK);
	(void)rc;
}

void fault_after(enum fault_op op, int nth, bool for_good, bool full)
{
	struct fault *f = &faults[op];

	f->seen = 0;
	f->for_good = for_good;
	f->full = full;
	f->nth = nth;
}

int fault_clear(enum fault_op op)
{
	faults[op].nth = 0;
	return faults[op].seen;
}

int fault_seen(enum fault_op op)
{
	return faults[op].seen;
}
