/*
 * settle - what a moment brings with it, before it is committed.
 *
 * The lower layers only know that this must be called; what it does is for
 * the modules above them.
 */
#include "core/intake.h"
#include "core/moment.h"
#include "core/ref.h"

/* Items that were moved to where what they hold is secret. */
static int seal_all(struct moment *m, struct why *why)
{
	size_t count;
	int r = 0;

	(void)moment_noted(m, &count);
	for (size_t i = 0; i < count && r == 0; i++) {
		/* Each may add notes. */
		const struct moment_note *note = &moment_noted(m, &count)[i];

		if (note->what == NOTE_UNSEALED)
			r = intake_seal(m, note->item, why);
	}
	return r;
}

int moment_settle(struct moment *m, struct why *why)
{
	int r = ref_settle(m, why);

	return r < 0 ? r : seal_all(m, why);
}
