/*
 * report_row - the writer of report lines, for batch.c and restore*.c.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REPORT_ROW_H
#define CORE_REPORT_ROW_H

#include "core/report.h"

/* Add @line to the report, in batch @batch (the id of its first line; 0: it
 * is the first one). Old lines are dropped now and then. */
int report_add(struct moment *m, int64_t batch, const struct report_line *line,
	       int64_t *ret_id, struct why *why);

/* The lines of batch @batch are what revision @revision did. */
int report_is_of(struct moment *m, int64_t revision, int64_t batch,
		 struct why *why);

#endif
