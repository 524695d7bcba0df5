# repofs: a configuration repository as a directory tree.
#
# "make help" lists the targets. Knobs, on the command line:
#   CC CFLAGS CPPFLAGS LDFLAGS   as usual; yours come last and win
#   PREFIX=/usr/local DESTDIR=   where "make install" puts things
#   PKGCONF=pkg-config           how libraries are found
#   SAN=address,undefined        or thread: a build with sanitizers
#   WERROR=1                     warnings are errors (CI and our own builds)
#   COV=1                        a build that counts what is run
#   BIN=build/thread/repofs      the program that "make check-mount" tests
#   BENCH_ITEMS=607,10000        how many items "make bench" measures with
#   FUZZ_SECONDS=60              how long "make fuzz" runs each program
#   V=1                          show the commands
#
# Each flavour (release, address-undefined, thread, coverage) is built in a
# folder of its own under build/. New .c and .sql files are found by themselves.

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
PKGCONF ?= pkg-config
CFLAGS ?= -O2 -g
PYTHON ?= /usr/bin/python3
BENCH_ITEMS ?= 607
FUZZ_SECONDS ?= 60
VERSION := 0.1.0

comma := ,
flavour := $(if $(SAN),$(subst $(comma),-,$(SAN)),$(if $(COV),coverage,release))
B := build/$(flavour)
BIN ?= $(B)/repofs
Q := $(if $(V),,@)
quoted = '$(subst ','\'',$(strip $(1)))'
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

# ---- flags ----

LIBS := fuse3 sqlite3 jansson libzstd libcrypto zlib liblzma
# Asked for when first needed, once: "make test" installs them first.
LIB_CFLAGS = $(eval LIB_CFLAGS := $$(patsubst -I%,-isystem %,$$(shell \
	$(PKGCONF) --cflags $(LIBS))))$(LIB_CFLAGS)
# bzip2 has no file for pkg-config.
LIB_LIBS = $(eval LIB_LIBS := $$(shell $(PKGCONF) --libs $(LIBS)) \
	-lbz2)$(LIB_LIBS)

WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef \
	-Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wcast-qual \
	-Wformat=2 -Wswitch-enum -Wimplicit-fallthrough \
	$(if $(WERROR),-Werror)
HARDEN := $(if $(SAN)$(COV),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
	$(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined) \
	$(if $(COV),--coverage -O0)

all_cppflags = -I. -I$(B)/gen -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DREPOFS_VERSION='"$(VERSION)"' $(HARDEN) $(LIB_CFLAGS) $(CPPFLAGS)
all_cflags = -std=gnu17 $(WARN) -fPIE -fno-common -fstack-protector-strong \
	-pthread $(CFLAGS) $(SANFLAGS)
all_ldflags = -pthread -pie -Wl,-z,relro -Wl,-z,now $(SANFLAGS) $(LDFLAGS)

# ---- what is there ----

core_src := $(sort $(wildcard core/*.c))
fs_src := $(sort $(wildcard fs/*.c))
unit_src := $(sort $(wildcard tests/unit/test_*.c))
unit_help_src := $(filter-out $(unit_src),$(sort $(wildcard tests/unit/*.c)))
fuzz_src := $(sort $(wildcard tests/fuzz/fuzz_*.c))
all_src := $(core_src) $(fs_src) $(unit_src) $(unit_help_src)
queries := $(sort $(wildcard core/queries*.sql))
kinds := $(sort $(wildcard core/kinds/*.json))

obj = $(patsubst %.c,$(B)/%.o,$(1))
core_lib := $(B)/librepofs-core.a
fs_lib := $(B)/librepofs-fs.a
gen := $(B)/gen/queries.h $(B)/gen/schema.h $(B)/gen/kinds.h
unit_bin := $(patsubst tests/unit/%.c,$(B)/unit/%,$(unit_src))
# A test is linked with what it includes: tests of the engine must not wait
# for the mount to compile.
including = $(patsubst tests/unit/%.c,$(B)/unit/%,\
	$(shell grep -l '^\#include "$(1)/' $(unit_src) /dev/null))
unit_fs_bin := $(call including,fs)
unit_help_bin := $(call including,tests/unit)
fuzz_bin := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(fuzz_src))

gates := format-check tidy cppcheck layers sql symbols length shellcheck \
	install-uninstall untracked
.PHONY: all run test check check-unit check-mount test-desktop lint plans \
	format analyze fuzz fuzzers bench cov install uninstall clean help \
	unit gen FORCE $(gates)
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/repofs
unit: $(unit_bin)
gen: $(gen)

# ---- building ----

$(B)/repofs: $(call obj,fs/main.c) $(fs_lib) $(core_lib)
	$(call say,LD)
	$(Q)$(CC) $(all_cflags) $(all_ldflags) -o $@ $^ $(LIB_LIBS)

$(core_lib): $(call obj,$(core_src))
$(fs_lib): $(call obj,$(filter-out fs/main.c,$(fs_src)))
$(core_lib) $(fs_lib):
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Write $(1) into the target, if it is not what stands there.
stamp = $(Q)mkdir -p $(@D); echo $(call quoted,$(1)) >$@.$$$$; \
	cmp -s $@.$$$$ $@ && rm $@.$$$$ || mv $@.$$$$ $@

# Rebuild when the flags change (-Werror changes no object), ...
$(B)/.flags: FORCE
	$(call stamp,$(filter-out -Werror,$(CC) $(all_cppflags) $(all_cflags) \
		$(all_ldflags)))
# ... and when a file of SQL comes or goes.
$(B)/.queries: FORCE
	$(call stamp,$(queries))

$(B)/gen/queries.h: $(queries) scripts/sqlgen.awk $(B)/.queries
	$(call say,GEN)
	$(Q)mkdir -p $(@D)
	$(Q)awk -f scripts/sqlgen.awk $(queries) >$@
$(B)/gen/schema.h: core/schema.sql scripts/sqlgen.awk
	$(call say,GEN)
	$(Q)mkdir -p $(@D)
	$(Q)awk -v kind=schema -f scripts/sqlgen.awk $< >$@

$(B)/gen/kinds.h: $(kinds) scripts/kindgen.awk
	$(call say,GEN)
	$(Q)mkdir -p $(@D)
	$(Q)awk -f scripts/kindgen.awk $(kinds) >$@

$(B)/%.o: %.c $(B)/.flags | $(gen)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(all_cppflags) $(all_cflags) -MMD -MP -c -o $@ $<

$(unit_fs_bin): $(fs_lib)
$(unit_help_bin): $(call obj,$(unit_help_src))
$(B)/unit/%: $(B)/tests/unit/%.o $(core_lib)
	$(call say,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(all_cflags) $(all_ldflags) -o $@ $(filter %.o,$^) \
		$(filter $(fs_lib),$^) $(core_lib) $(LIB_LIBS) -lcmocka

$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(core_lib)
	$(call say,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(all_cflags) $(all_ldflags) -fsanitize=fuzzer -o $@ $^ \
		$(LIB_LIBS)

-include $(patsubst %.c,$(B)/%.d,$(all_src) $(fuzz_src))

compile_commands.json: Makefile $(gen) FORCE
	$(Q){ echo '['; sep=''; for f in $(all_src); do \
		printf '%s{"directory": "%s", "file": "%s", "command": "%s"}' \
			"$$sep" "$(CURDIR)" "$$f" \
			$(call quoted,$(subst ",\",$(strip $(CC) $(all_cppflags) \
			$(all_cflags) -c)))" $$f"; \
		sep=',\n'; \
	done | sed 's/,\\n/,\n/g'; echo; echo ']'; } >$@

# ---- running and testing ----

# make run: a repository to play with, mounted in a new folder.
run:
	$(Q)scripts/install-deps build
	$(Q)$(MAKE) all
	$(Q)scripts/run-sample $(B)/repofs

# make test: everything that can be tested without a desktop.
test:
	$(Q)scripts/install-deps build test
	$(Q)$(MAKE) all unit
	$(Q)scripts/run-tests --bin $(BIN) $(unit_bin) tests/mount

# make check: the same, without installing anything.
check: all unit
	$(Q)scripts/run-tests --bin $(BIN) $(unit_bin) tests/mount
check-unit: unit
	$(Q)scripts/run-tests $(unit_bin)
check-mount: $(BIN)
	$(Q)scripts/run-tests --bin $(BIN) tests/mount

# make test-desktop: file managers and editors with windows, under Xvfb.
test-desktop:
	$(Q)scripts/install-deps build test desktop
	$(Q)$(MAKE) all
	$(Q)scripts/run-tests --bin $(BIN) tests/desktop

fuzz:
	$(Q)scripts/install-deps build fuzz
	$(Q)$(MAKE) fuzzers B=build/fuzz CC=clang SAN=address,undefined \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link'
fuzzers: $(fuzz_bin)
	$(Q)scripts/check.sh fuzz $(FUZZ_SECONDS) $(fuzz_bin)

bench:
	$(Q)scripts/install-deps build bench
	$(Q)$(MAKE) all
	$(Q)REPOFS=$(BIN) BENCH_ITEMS=$(BENCH_ITEMS) $(PYTHON) \
		tests/bench/bench.py

cov:
	$(Q)scripts/install-deps build test
	$(Q)$(MAKE) COV=1 check; r=$$?; scripts/check.sh coverage \
		build/coverage; exit $$r

# ---- gates ----

lint: format-check layers sql symbols length shellcheck plans cppcheck tidy

# What a gate needs besides the sources.
symbols: $(call obj,$(core_src))
tidy cppcheck analyze: $(gen)
install-uninstall untracked: $(B)/repofs

$(gates):
	$(Q)B=$(B) PKGCONF='$(PKGCONF)' MAKE='$(MAKE)' scripts/check.sh $@

# The plans of all statements, and that each is one.
plans: $(B)/unit/test_queries
	$(Q)scripts/run-tests $<

format:
	$(Q)clang-format -i core/*.[ch] fs/*.[ch] tests/*/*.[ch]

# Advisory: gcc 12 sees leaks where a cleanup attribute releases.
analyze:
	-$(Q)for f in $(core_src) $(fs_src); do $(CC) $(all_cppflags) \
		$(all_cflags) -fanalyzer -fsyntax-only -Wno-error $$f; done

# ---- installing ----

install: $(B)/repofs
	install -d '$(DESTDIR)$(BINDIR)'
	install -m 755 $(B)/repofs '$(DESTDIR)$(BINDIR)/repofs'

uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/repofs'

clean:
	rm -rf build compile_commands.json

help:
	@sed -n '/^# repofs/,/^$$/s/^# \{0,1\}//p' Makefile
	@echo 'Targets:'
	@printf '  %-20s %s\n' \
		all 'the program: $(B)/repofs' \
		run 'build, and mount a repository to try things in' \
		test 'install what it needs, run all tests but the desktop' \
		check 'the same, without installing' \
		check-unit 'the tests of the modules' \
		check-mount 'the tests of the mounted program (BIN=)' \
		test-desktop 'windows, under Xvfb' \
		lint 'all gates: $(filter-out untracked \
			install-uninstall,$(gates)) plans' \
		format 'lay out the sources by .clang-format' \
		plans 'how SQLite reaches the rows of each statement' \
		fuzz 'FUZZ_SECONDS of each program in tests/fuzz' \
		analyze 'gcc -fanalyzer; advisory' \
		cov 'which lines the tests run' \
		bench 'ratios to bindfs, the plain disk and git' \
		'install, uninstall' 'PREFIX=$(PREFIX) DESTDIR=' \
		compile_commands.json 'for editors' \
		clean 'remove what was built'
