/*
 * settle - what a moment brings with it, before it is committed.
 *
 * The lower layers only know that this must be called; what it does is for
 * the modules above them.
 */
#include "core/moment.h"
#include "core/ref.h"

int moment_settle(struct moment *m, struct why *why)
{
	return ref_settle(m, why);
}
