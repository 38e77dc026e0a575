#!/bin/sh
# Builds the guest image inside a private mount and process namespace; the caller made it, this is root in it (perhaps
# only a mapped one). Everything happens on a tmpfs that ends with the namespace, so nothing can be left behind.
#
# Open on entry: 7 = disk image to fill, 8 = kernel, 9 = initial RAM disk. They are passed open because the store may lie
# where a mapped root cannot go.
# Environment: SPECTEST_SUITE, SPECTEST_SOURCES (sources.list lines, or empty for the default mirror) and
# SPECTEST_APT_OPTIONS (apt.conf lines).
# Standard output: lines "::phase NAME DETAIL"; everything else is log.
set -eu
work=$1
assets=$work/assets
list() { sed 's/#.*//' "$assets/build/packages/$1" | tr -s ' \n' ',' | sed 's/^,//; s/,$//'; }
phase() { echo "::phase $*"; }

. "$assets/build/trees.sh"
. "$assets/build/kernel.sh"
. "$assets/build/containers.sh"
. "$assets/build/guest.sh"

phase packages "installing the base system"
make_base

phase packages "installing the guest's and the containers' packages"
fork_tree guest
fork_tree postgres
fork_tree redis
sleep 0.1
touch "$work/stamp"
sleep 0.1
# Runs two functions at once; the first failure ends the build, and with its namespace the other one. No "||" here: it
# would switch "set -e" off inside the functions.
trap 'exit 1' TERM
both() {
	for job in "$1" "$2"; do
		(
			trap '[ $? -eq 0 ] || kill -TERM $$' EXIT
			"$job"
		) &
	done
	wait
}
fill_containers() {
	fill_postgres
	fill_redis
}
both fill_guest fill_containers

phase containers "laying out the container images"
lay_out_containers

phase disk "writing the disk"
finish_guest
write_boot_files
mke2fs -q -F -t ext4 -m 0 -L spectest -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -J size=64 \
	-d "$work/guest" /proc/self/fd/7
