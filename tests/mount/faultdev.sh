#!/bin/bash
# A disk that fails on command, from Debian packages (nbdkit, libnbd-bin, e2fsprogs; root, loop devices):
# ext4 on a loop device on nbdfuse on nbdkit with the filters error and cache (write-back).
#   faultdev.sh up DIR [SIZE]   make it; the file system is DIR/m
#   faultdev.sh eio DIR         from now on every block I/O fails (ERR=ENOSPC at "up" for another errno)
#   faultdev.sh ok DIR          it works again
#   faultdev.sh cut DIR         power cut: everything not flushed is gone, metadata too
#   faultdev.sh down DIR        take it apart (after a cut, before remount)
#   faultdev.sh remount DIR     mount what survived
set -e
cmd=$1
dir=$(readlink -f "$2")
mnt=$dir/m
case $cmd in
up)
	mkdir -p "$dir/n" "$mnt"
	truncate -s "${3:-256M}" "$dir/disk"
	mkfs.ext4 -q -F "$dir/disk"
	rm -f "$dir/inject"
	setsid nbdfuse "$dir/n/" --command nbdkit -s --exit-with-parent \
		--filter=error --filter=cache file "$dir/disk" cache=writeback \
		error="${ERR:-EIO}" error-rate=100% error-file="$dir/inject" \
		>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	for _ in $(seq 200); do [ -e "$dir/n/nbd" ] && break; sleep .1; done
	losetup -f --show "$dir/n/nbd" >"$dir/loop"
	mount "$(cat "$dir/loop")" "$mnt"
	;;
eio) touch "$dir/inject" ;;
ok) rm -f "$dir/inject" ;;
cut) kill -9 "$(pgrep -P "$(cat "$dir/pid")" -x nbdkit)" ;;
down)
	umount "$mnt" 2>/dev/null || umount -l "$mnt" || :
	losetup -d "$(cat "$dir/loop")" || :
	umount "$dir/n" 2>/dev/null || umount -l "$dir/n" || :
	;;
remount) mount -o loop "$dir/disk" "$mnt" ;;
*) sed -n '2,9p' "$0"; exit 2 ;;
esac
