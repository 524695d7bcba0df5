# repofs: a configuration repository as a directory tree.
#
# make help lists the targets. Knobs, on the command line:
#   CC CFLAGS CPPFLAGS LDFLAGS   as usual; yours come last and win
#   PREFIX=/usr/local DESTDIR=   where "make install" puts things
#   PKGCONF=pkg-config           how libraries are found
#   SAN=address,undefined        or thread: a build with sanitizers
#   WERROR=1                     warnings are errors (CI and our own builds)
#   V=1                          show the commands

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
PKGCONF ?= pkg-config
CFLAGS ?= -O2 -g
PYTHON ?= /usr/bin/python3
VERSION := 0.1.0

comma := ,
FLAVOUR := $(if $(SAN),$(subst $(comma),-,$(SAN)),release)
B := build/$(FLAVOUR)
Q := $(if $(V),,@)

LIBS := fuse3 sqlite3 jansson libzstd libcrypto

WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef \
	-Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wcast-qual \
	-Wformat=2 -Wswitch-enum -Wimplicit-fallthrough \
	$(if $(WERROR),-Werror)
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2 -fPIE)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined)
ALL_CPPFLAGS = -I. -I$(B)/gen -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DREPOFS_VERSION='"$(VERSION)"' \
	$(patsubst -I%,-isystem %,$(shell $(PKGCONF) --cflags $(LIBS))) \
	$(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 $(WARN) -fno-common -fstack-protector-strong \
	-pthread $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread $(if $(SAN),,-pie -Wl$(comma)-z$(comma)relro \
	-Wl$(comma)-z$(comma)now) $(SANFLAGS) $(LDFLAGS)
ALL_LIBS = $(shell $(PKGCONF) --libs $(LIBS))

core_obj := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard core/*.c)))
fs_obj := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard fs/*.c)))
queries := $(sort $(wildcard core/queries*.sql))
unit_src := $(sort $(wildcard tests/unit/test_*.c))
unit_bin := $(patsubst tests/unit/%.c,$(B)/unit/%,$(unit_src))
unit_help := $(patsubst %.c,$(B)/%.o,\
	$(filter-out $(unit_src),$(sort $(wildcard tests/unit/*.c))))
all_src := $(sort $(wildcard core/*.c fs/*.c tests/unit/*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test check check-unit check-mount test-desktop lint layers \
	sql symbols length plans format format-check tidy cppcheck analyze \
	shellcheck fuzz bench cov install uninstall clean help unit FORCE

all: $(B)/repofs

$(B)/repofs: $(fs_obj) $(B)/librepofs-core.a
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(B)/librepofs-core.a: $(core_obj)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Rebuild when the flags change.
$(B)/.flags: FORCE
	$(Q)mkdir -p $(B)
	$(Q)echo '$(subst ','\'',$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS))' >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/gen/queries.h: $(queries) scripts/sqlgen.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -f scripts/sqlgen.awk $(queries) >$@
$(B)/gen/schema.h: core/schema.sql scripts/sqlgen.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -v kind=schema -f scripts/sqlgen.awk $< >$@
gen := $(B)/gen/queries.h $(B)/gen/schema.h

$(B)/%.o: %.c $(B)/.flags | $(gen)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/unit/%: $(B)/tests/unit/%.o $(unit_help) \
		$(filter-out $(B)/fs/main.o,$(fs_obj)) $(B)/librepofs-core.a
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS) -lcmocka

unit: $(unit_bin)

-include $(patsubst %.c,$(B)/%.d,$(all_src))

clean:
	rm -rf build
