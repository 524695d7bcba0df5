/*
 * buf - bytes that grow.
 *
 * Failure to grow sticks: what is added afterwards is dropped, and one look at
 * buf_error() at the end finds out. The bytes have no final NUL unless one is
 * added.
 *
 * Thread-safety: none.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stddef.h>

struct why;

struct buf { /* zeroed: empty */
	char *data;
	size_t len, cap;
	int err; /* 0 or -ENOMEM */
};

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_byte(struct buf *buf, char byte);
void buf_text(struct buf *buf, const char *text);
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *buf,
						    const char *fmt, ...);
/* "text" as JSON has it, quotes included; what is no UTF-8 becomes U+FFFD. */
void buf_json_string(struct buf *buf, const char *text);
/* Room for @len bytes more at data + len: 0 or -ENOMEM. */
int buf_reserve(struct buf *buf, size_t len);
/* As buf_text(), for where it is the last thing to be done: 0 or -ENOMEM. */
int buf_add_text(struct buf *buf, const char *text, struct why *why);
/* Empty, but the memory is kept. */
void buf_reset(struct buf *buf);
/* 0 or -ENOMEM. */
int buf_error(const struct buf *buf);
/* Free the bytes; leaves it empty and usable. */
void buf_done(struct buf *buf);

#endif
