/*
 * report_detail - the members of "detail" in a line of the report: what else
 * there is to say about what became of a file.
 *
 *   secrets     the members whose values must be entered again
 *   files       the members whose files must be supplied again
 *   references  what was rewritten
 *
 * Thread-safety: none.
 */
#ifndef CORE_REPORT_DETAIL_H
#define CORE_REPORT_DETAIL_H

#include "core/buf.h"

/* Zeroed: nothing. Each holds JSON values with commas between them. */
struct report_detail {
	struct buf secrets, files, references;
};

void report_detail_done(struct report_detail *d);

/* Add a string, or a value that is JSON already, to one of the lists. */
void report_detail_text(struct buf *list, const char *text);
void report_detail_json(struct buf *list, const char *json);

/* Append the object and a NUL, for struct report_line: 1; 0: there is nothing
 * to say, and nothing was appended; -ENOMEM. */
int report_detail_show(const struct report_detail *d, struct buf *out);

#endif
