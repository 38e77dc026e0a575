# The container images that come with the guest, written as Docker's own image store.

fill_postgres() {
	tree=$work/postgres
	install -d "$tree/etc/postgresql-common"
	printf 'create_main_cluster = false\nstart_conf = manual\n' >"$tree/etc/postgresql-common/createcluster.conf"
	enter postgres
	install_into postgres "$(list postgres)"
	rm -rf "$tree/var/lib/postgresql/17" "$tree/etc/ssl/private/ssl-cert-snakeoil.key" "$tree/etc/ssl/certs/ssl-cert-snakeoil.pem"
	install -D -m 755 "$assets/containers/postgres-entrypoint" "$tree/usr/local/bin/spectest-entrypoint"
	# A cluster made here spares each container an initdb, the slowest thing PostgreSQL does on an emulated processor.
	install -d -m 700 "$tree/var/lib/postgresql/data"
	install -d -m 2775 "$tree/run/postgresql"
	chroot "$tree" sh -c 'chown postgres:postgres /var/lib/postgresql/data && exec setpriv --reuid=postgres --regid=postgres --init-groups \
		/usr/local/bin/spectest-entrypoint make-cluster'
	leave postgres
	install -d -m 2775 "$tree/run/postgresql"
	chroot "$tree" chown postgres:postgres /run/postgresql
	tidy postgres
}

fill_redis() {
	enter redis
	install_into redis "$(list redis)"
	leave redis
	install -D -m 755 "$assets/containers/redis-entrypoint" "$work/redis/usr/local/bin/spectest-entrypoint"
	install -d "$work/redis/data"
	chroot "$work/redis" chown redis:redis /data
	tidy redis
}

# extract_delta NAME: what NAME has that the base has not, as a tree of its own. Whatever was touched since the stamp
# counts; files that went away are not recorded.
extract_delta() {
	mkdir "$work/layers/$1"
	(cd "$work/$1" && find . -mindepth 1 -cnewer "$work/stamp" ! -path './dev/*' ! -path './proc/*' -print0 | sort -z |
		tar --create --null --no-recursion --files-from=-) | tar -x -p -C "$work/layers/$1"
}

lay_out_containers() {
	mkdir "$work/layers"
	tidy base
	rm -f "$work/base/etc/resolv.conf" "$work/base/etc/hostname"
	mkdir -p "$work/layers/node/usr/local/bin"
	ln "$work/node" "$work/layers/node/usr/local/bin/node"
	extract_delta postgres
	extract_delta redis
	# Only now: removing a tree touches the inodes it shares with the others.
	rm -rf "$work/postgres" "$work/redis"
	mv "$work/base" "$work/layers/debian"
	for layer in debian node postgres redis; do measure_layer "$layer"; done
	install -d -m 710 "$work/guest/var/lib/docker"
	"$work/node" "$assets/build/docker-store/writeStore.ts" "$work/layers" "$work/guest/var/lib/docker" "$assets/containers/images.json"
}

measure_layer() {
	(cd "$work/layers/$1" && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
		tar --create --format=gnu --numeric-owner --null --no-recursion --files-from=-) |
		"$work/node" "$assets/build/docker-store/measureLayer.ts" "$work/layers/$1"
}
