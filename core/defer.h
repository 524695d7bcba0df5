/* defer - scope-bound release of resources. */
#ifndef CORE_DEFER_H
#define CORE_DEFER_H

/* Run fn(&variable) when the variable leaves scope. */
#define DROP(fn) __attribute__((cleanup(fn)))

/* Hand ownership out of a DROP() variable: yields its value, leaves NULL. */
#define TAKE(p)                         \
	({                              \
		__typeof__(p) p_ = (p); \
		(p) = NULL;             \
		p_;                     \
	})

/* Define fn##_p(), the DROP() form of a destructor that accepts NULL. */
#define DEFINE_DROP(type, fn)                      \
	static inline void fn##_p(struct type **p) \
	{                                          \
		fn(*p);                            \
	}                                          \
	struct drop_needs_semicolon_##fn

#endif
