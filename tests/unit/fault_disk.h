/*
 * fault_disk - a disk that fails on command, below SQLite.
 *
 * After fault_install() every file that SQLite opens goes through it.
 */
#ifndef TESTS_UNIT_FAULT_DISK_H
#define TESTS_UNIT_FAULT_DISK_H

#include <stdbool.h>

enum fault_op { FAULT_WRITE, FAULT_SYNC };

/* Once per process, before anything is opened. */
void fault_install(void);

/* The @nth operation from now on (1: the next) fails with -EIO, or with
 * -ENOSPC if @full; and all later ones if @for_good. */
void fault_after(enum fault_op op, int nth, bool for_good, bool full);
/* The disk works; the operations of that kind since fault_after(). */
int fault_clear(enum fault_op op);
/* Those operations so far. */
int fault_seen(enum fault_op op);

#endif
