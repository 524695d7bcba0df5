/*
 * why - the reason an operation failed, for people and for reports.
 *
 * The code is for the caller, the text for a person; the text is never parsed.
 * Where the fault is found it is named, with the values; layers above pass it
 * on unchanged. The vocabulary of codes, everywhere in core/ and fs/:
 *
 *   ENOENT   absent at this moment        EEXIST   the name is taken
 *   EINVAL   malformed request or item    EROFS    the past, or a store that
 *   EBUSY    held by somebody else                 may not be written
 *   ESTALE   what an open file meant      EBADMSG  stored data fails its
 *            is gone                               check
 *   ENOSPC, EFBIG, ENAMETOOLONG  limits   ENOMEM   out of memory
 *   ENOKEY   the key of what is sealed is not there
 *   EIO      everything else from below
 */
#ifndef CORE_WHY_H
#define CORE_WHY_H

/* Filled on failure only; owned by the caller, usually on the stack. */
struct why {
	int code;	/* 0, or the negative errno that was returned */
	char text[240]; /* one line of UTF-8, no final full stop */
};

/*
 * Record the reason and return @code, so that a failure is one statement.
 * @why may be NULL when nobody will read the reason.
 */
__attribute__((format(printf, 3, 4))) int why_set(struct why *why, int code,
						  const char *fmt, ...);

/* The analyzer reads one file at a time and cannot know that the code comes
 * back and is negative; it would follow paths on which a failure is none. */
#ifdef __clang_analyzer__
#define why_set(why, code, ...)                           \
	({                                                \
		int code_ = (code);                       \
		__builtin_assume(code_ < 0);              \
		(void)(why_set)(why, code_, __VA_ARGS__); \
		code_;                                    \
	})
#endif

#endif
