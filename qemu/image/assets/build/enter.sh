#!/bin/sh
# enter.sh DIR: opens what the build reads and writes in DIR, then runs it in namespaces of its own. The caller's death
# arrives as SIGTERM and takes the whole process group with it, and so the namespaces.
set -eu
trap 'kill -KILL 0' TERM INT HUP
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
umask 022
inside=$(cat "$1/inside.sh")
exec 3<"$1/assets.tar" 4<"$1/node.tgz" 7<>"$1/disk.raw" 8>"$1/vmlinuz" 9>"$1/initrd.img"
# A mapped root may not be able to enter the caller's directories.
cd /
mmdebstrap --unshare-helper sh -c "$inside" &
wait $!
