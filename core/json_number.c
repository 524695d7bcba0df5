#include "core/json_number.h"

#include "core/json_token.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * 2^1024 - 2^970: from here on a number rounds to infinity. Compared as
 * decimal digits, since strtod() depends on the locale, wants a terminated
 * copy and is slow.
 */
static const char limit[] =
	"17976931348623158079372897140530341507993413271003782693617377"
	"89804449682927647509466490179775872070963302864166928879109465"
	"55547851940402630657488671505820681908902000708383676273854845"
	"81771153176447573027006985557136695962284291481986083493647529"
	"2719074168444365510704342711559699508093042880177904174497792";
enum { LIMIT_DIGITS = sizeof(limit) - 1 };

/* Beyond every text's length, below every overflow. */
#define EXPONENT_MAX (INT64_C(1) << 50)

/* A number taken apart. */
struct number {
	const char *start, *digits; /* with and without its minus */
	const char *end;	    /* of the digits and the point among them */
	int64_t whole;		    /* digits before the point */
	int64_t exponent;	    /* with its sign */
	bool real;		    /* it has a point or an exponent */
	bool has_exponent;
	bool rises; /* every further digit of the exponent adds to it */
};

static bool is_digit(const struct json_token *t)
{
	return t->at < t->end && *t->at >= '0' && *t->at <= '9';
}

static bool is_one_of(const struct json_token *t, char a, char b)
{
	return t->at < t->end && (*t->at == a || *t->at == b);
}

/* At least one digit. */
static int scan_digits(struct json_token *t)
{
	if (!is_digit(t))
		return json_token_expect(t, "a digit");
	while (is_digit(t))
		t->at++;
	return 1;
}

static int scan_whole(struct json_token *t, struct number *n)
{
	int r;

	n->start = t->at;
	if (*t->at == '-')
		t->at++;
	n->digits = t->at;
	r = scan_digits(t);
	n->end = t->at;
	n->whole = n->end - n->digits;
	if (n->whole > 1 && *n->digits == '0') {
		t->at = n->start;
		return json_token_refuse(t, "a number must not begin with a "
					    "needless 0");
	}
	return r;
}

static int scan_fraction(struct json_token *t, struct number *n)
{
	int r;

	n->real = true;
	t->at++;
	r = scan_digits(t);
	n->end = t->at;
	return r;
}

static int scan_exponent(struct json_token *t, struct number *n)
{
	bool negative;
	int64_t value = 0;

	n->real = true;
	n->has_exponent = true;
	t->at++;
	negative = is_one_of(t, '-', '-');
	n->rises = is_one_of(t, '+', '+') || is_digit(t);
	if (is_one_of(t, '+', '-'))
		t->at++;
	if (!is_digit(t))
		return json_token_expect(t, "a digit");
	for (; is_digit(t); t->at++)
		if (value < EXPONENT_MAX)
			value = 10 * value + (*t->at - '0');
	n->exponent = negative ? -value : value;
	return 1;
}

static bool is_infinite(const struct number *n)
{
	const char *at = n->digits;
	int64_t order = n->whole; /* the value is 0.DIGITS times 10^order */
	int i;

	for (; at < n->end && (*at == '0' || *at == '.'); at++)
		order -= *at == '0';
	if (at == n->end)
		return false;
	order += n->exponent;
	if (order != LIMIT_DIGITS)
		return order > LIMIT_DIGITS;
	for (i = 0; i < LIMIT_DIGITS; i++) {
		char digit = '0';

		if (at < n->end && *at == '.')
			at++;
		if (at < n->end)
			digit = *at++;
		if (digit != limit[i])
			return digit > limit[i];
	}
	return true;
}

static bool is_too_long(const struct number *n)
{
	const char *most = n->digits > n->start ? "9223372036854775808"
						: "9223372036854775807";

	if (n->whole != 19)
		return n->whole > 19;
	return memcmp(n->digits, most, 19) > 0;
}

/* The number is too big as it stands: would more of the text help? */
static int refuse_size(struct json_token *t, const struct number *n)
{
	bool settled = t->at < t->end || n->rises;

	t->problem = n->real ? "the number is too big for a double"
			     : "the integer does not fit into 64 bits";
	if (!settled)
		return 0;
	t->at = n->start;
	return -EINVAL;
}

int json_number_scan(struct json_token *t)
{
	struct number n = {0};
	int r;

	r = scan_whole(t, &n);
	if (r > 0 && is_one_of(t, '.', '.'))
		r = scan_fraction(t, &n);
	if (r > 0 && is_one_of(t, 'e', 'E'))
		r = scan_exponent(t, &n);
	if (r < 0 || (r == 0 && !n.rises))
		return r;
	if (!n.real && is_too_long(&n))
		return refuse_size(t, &n);
	if (n.real && (n.has_exponent || n.whole >= LIMIT_DIGITS) &&
	    is_infinite(&n))
		return refuse_size(t, &n);
	return r;
}
