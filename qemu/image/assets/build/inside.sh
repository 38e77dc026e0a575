# First steps inside the namespaces: a tmpfs to work on, filled from the open files.
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=4G tmpfs /tmp
export TMPDIR=/tmp
cd /tmp
mkdir -p image/assets
tar -x -C image/assets --no-same-owner <&3
tar -x -z -C image --strip-components=2 --no-same-owner package/bin/node <&4
chmod 755 image/node
exec 3<&- 4<&-
exec sh image/assets/build/build.sh /tmp/image
