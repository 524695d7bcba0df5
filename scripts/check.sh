#!/bin/bash
# The gates, one function each; "make NAME" and CI run them by these names.
#   scripts/check.sh NAME [ARGUMENT...]
# B: the build folder. MAKE, PKGCONF: as make has them.
# Gates are called by name, which shellcheck does not see.
# shellcheck disable=SC2317
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2
B=${B:-build/release}
shopt -s nullglob
sources=(core/*.c fs/*.c)
headers=(core/*.h fs/*.h)
tests=(tests/*/*.c tests/*/*.h)
scripts=(scripts/install-deps scripts/run-tests scripts/run-sample
	scripts/make-sample scripts/check.sh .ci/run)

# Say what is wrong, and fail.
wrong() {
	printf '%s\n' "$@"
	return 1
}

# ---- sources ----

check_format-check() {
	clang-format --dry-run -Werror "${sources[@]}" "${headers[@]}" \
		"${tests[@]}"
}

compile_flags() {
	local flags
	flags=$(${PKGCONF:-pkg-config} --cflags fuse3 sqlite3 jansson libzstd \
		libcrypto)
	echo "-std=gnu17 -I. -I$B/gen -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64" \
		"-DREPOFS_VERSION=\"\"" "${flags//-I/-isystem }"
}

check_tidy() {
	printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 \
		scripts/check.sh tidy-files
}

# FILE...: the part of one processor.
check_tidy-files() {
	local flags
	read -ra flags <<<"$(compile_flags)"
	clang-tidy --quiet "$@" -- "${flags[@]}" 2>/dev/null
}

# cppcheck does not know that a cleanup attribute reads and releases, and takes
# "if (r == 0) r = ...;" twice in a row for a slip; -I. is all of the project.
check_cppcheck() {
	cppcheck --quiet --error-exitcode=1 --inline-suppr -j "$(nproc)" \
		--enable=warning,style,performance,portability --std=c11 \
		--suppress=missingIncludeSystem --suppress=unreadVariable \
		--suppress=resourceLeak --suppress=memleak \
		--suppress=duplicateCondition --suppress=variableScope \
		--suppress=constParameter \
		-I. -I"$B/gen" -D_GNU_SOURCE -DREPOFS_VERSION='""' \
		"${sources[@]}"
}

check_layers() {
	local kernel
	kernel=$(grep -nE '^#include ["<](fs/|fuse)' core/*.[ch])
	if [ -n "$kernel" ]; then
		wrong "core/ knows nothing of FUSE:" "$kernel"
		return 1
	fi
	awk -f scripts/layers.awk scripts/layers.txt "${sources[@]}" \
		"${headers[@]}"
}

# SQL is spoken in one file, and written in .sql files.
check_sql() {
	local speakers written
	speakers=$(grep -lE '\bsqlite3_[a-z0-9_]+ *\(|sqlite3\.h' \
		"${sources[@]}" "${headers[@]}" | grep -vE "^core/db(_[a-z]+)?\.[ch]$") &&
		wrong "only core/db calls SQLite, not" "$speakers"
	written=$(grep -nE \
		'"[^"]*\b(SELECT|INSERT (OR [A-Z]+ )?INTO|DELETE FROM|UPDATE [a-z_]+ SET|(CREATE|DROP|ALTER) (TABLE|INDEX|VIEW|TRIGGER))\b' \
		"${sources[@]}" "${headers[@]}") &&
		wrong "SQL belongs into core/*.sql:" "$written"
	[ -z "$speakers$written" ]
}

# What an object of the engine exports begins with its own name, the name of
# its family (store_log: store), or what scripts/layers.txt grants it.
check_symbols() {
	local file
	for file in core/*.c; do
		nm -g --defined-only "$B/${file%.c}.o" |
			awk -v file="$file" '$2 ~ /^[TDBRVW]$/ && $3 !~ /^_/ {
				print file, $3 }'
	done | awk -v layers=scripts/layers.txt '
		BEGIN {
			while ((getline line <layers) > 0) {
				n = split(line, word)
				if (!n || line ~ /^#/)
					continue
				for (i = 3; i <= n; i++) {
					sub(/^=/, "", word[i])
					granted[word[1]] = granted[word[1]] \
						" " word[i]
				}
			}
		}
		# The names that symbols of a file may begin with.
		function names(file,   module, family, key) {
			module = substr(file, 6, length(file) - 7)
			family = module
			sub(/_.*/, "", family)
			key = "core/" module in granted ? module : family "*"
			return module " " family granted["core/" key]
		}
		{
			n = split(names($1), word)
			ok = 0
			for (i = 1; i <= n; i++)
				if ($2 == word[i] ||
				    index($2, word[i] "_") == 1)
					ok = 1
			if (!ok) {
				print $1 " exports " $2
				bad = 1
			}
		}
		END { exit bad }'
}

check_length() {
	wc -l "${sources[@]}" "${headers[@]}" "${tests[@]}" core/*.sql |
		awk '$2 == "total" { next }
		$1 > 600 { print $2 ": " $1 " lines, 600 are allowed"; bad = 1 }
		$1 > 400 && $1 <= 600 { print $2 ": " $1 " lines (warning)" }
		END { exit bad }'
}

check_shellcheck() {
	shellcheck "${scripts[@]}"
}

# ---- the tree, and what make does to it ----

check_untracked() {
	local changed
	changed=$(git status --porcelain --untracked-files=all)
	[ -z "$changed" ] || wrong "not as committed:" "$changed"
}

check_install-uninstall() {
	local dest left
	dest=$(mktemp -d) || return 1
	left=$(set -e
		${MAKE:-make} -s install DESTDIR="$dest" PREFIX=/usr >&2
		"$dest/usr/bin/repofs" --version >/dev/null
		${MAKE:-make} -s uninstall DESTDIR="$dest" PREFIX=/usr >&2
		find "$dest" ! -type d) || left='(it failed)'
	rm -rf "$dest"
	[ -z "$left" ] || wrong "install, then uninstall leaves:" "$left"
}

# ---- no gates, but of use ----

# SECONDS PROGRAM...: each fuzzer for so long, from its seeds if it has some.
check_fuzz() {
	local seconds=$1 program seeds bad=0
	shift
	for program in "$@"; do
		mkdir -p "$program.corpus"
		seeds=(tests/fuzz/"${program##*/}".seeds/*)
		[ ${#seeds[@]} -gt 0 ] && cp "${seeds[@]}" "$program.corpus"
		"$program" -max_total_time="$seconds" -max_len=4096 \
			-timeout=10 -artifact_prefix="$program-" \
			-print_final_stats=1 "$program.corpus" \
			>"$program.log" 2>&1 || bad=1
		echo "$program: $(grep -E 'number_of_executed|ERROR' \
			"$program.log" | tr '\n' ' ')"
	done
	return "$bad"
}

# FOLDER: lines run, by file, of a build with COV=1.
check_coverage() {
	find "$1" -path '*/tests' -prune -o -name '*.gcda' -print0 |
		xargs -0 gcov -n 2>/dev/null | awk '
		/^File / { file = $2; gsub(/\047/, "", file) }
		/^Lines executed:/ && file ~ /^(core|fs)\// {
			split($0, part, /[:%]| of /)
			printf "%6.1f %% of %5d  %s\n", part[2], part[4], file
			run += part[2] * part[4]
			all += part[4]
			file = ""
		}
		END { if (all) printf "%6.1f %% of %5d  all\n", run / all, all }' |
		sort -n
}

name=${1:-}
if ! declare -F "check_$name" >/dev/null; then
	echo "usage: scripts/check.sh NAME; names:" >&2
	declare -F | sed -n 's/^declare -f check_/  /p' >&2
	exit 2
fi
shift
if "check_$name" "$@"; then
	exit 0
fi
echo "check $name: failed"
exit 1
