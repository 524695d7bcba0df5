#include "core/report_detail.h"

#include <errno.h>
#include <stdbool.h>

void report_detail_done(struct report_detail *d)
{
	buf_done(&d->secrets);
	buf_done(&d->files);
	buf_done(&d->references);
}

void report_detail_json(struct buf *list, const char *json)
{
	buf_text(list, list->len ? "," : "");
	buf_text(list, json);
}

void report_detail_text(struct buf *list, const char *text)
{
	buf_text(list, list->len ? "," : "");
	buf_json_string(list, text);
}

int report_detail_show(const struct report_detail *d, struct buf *out)
{
	const struct {
		const char *name;
		const struct buf *list;
	} members[] = {
		{"secrets", &d->secrets},
		{"files", &d->files},
		{"references", &d->references},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct buf *list = members[i].list;

		if (buf_error(list))
			return -ENOMEM;
		if (!list->len)
			continue;
		buf_addf(out, "%c\"%s\":[", any ? ',' : '{', members[i].name);
		buf_add(out, list->data, list->len);
		buf_byte(out, ']');
		any = true;
	}
	if (any)
		buf_text(out, "}");
	if (any)
		buf_byte(out, '\0');
	return buf_error(out) ? -ENOMEM : any;
}
