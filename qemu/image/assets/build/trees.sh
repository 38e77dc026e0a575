# Directory trees: one base system, and copies of it that get more packages.

# Everything of mmdebstrap's own configuration for apt is kept, so that later installs go the same way.
make_base() {
	printf '%s\n' "$SPECTEST_APT_OPTIONS" >"$work/apt-options"
	set -- --mode=root --variant=minbase --format=directory --skip=cleanup/apt,essential/unlink \
		--aptopt="$work/apt-options" --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--dpkgopt="$assets/build/dpkg-excludes" --include="$(list base)" \
		--setup-hook='mkdir -p "$1/etc/dpkg/dpkg.cfg.d"' \
		--customize-hook="cp \"\$MMDEBSTRAP_APT_CONFIG\" $work/apt.conf" \
		"$SPECTEST_SUITE" "$work/base"
	if [ -n "$SPECTEST_SOURCES" ]; then
		printf '%s\n' "$SPECTEST_SOURCES" >"$work/sources.list"
		set -- "$@" "$work/sources.list"
	fi
	# mmdebstrap needs low descriptor numbers for itself: its shell knows none above 9.
	mmdebstrap "$@" 7<&- 8<&- 9<&-
	rm -f "$work/base/etc/apt/apt.conf.d/99mmdebstrap"
	printf '#!/bin/sh\nexit 101\n' >"$work/base/usr/sbin/policy-rc.d"
	chmod 755 "$work/base/usr/sbin/policy-rc.d"
	install -d "$work/lists"
	mv "$work/base/var/lib/apt/lists" "$work/lists/lists"
	rm -rf "$work/base/var/cache/apt"/*
	mkdir -p "$work/base/var/lib/apt/lists/partial" "$work/base/var/cache/apt/archives/partial"
}

# fork_tree NAME: a copy of the base. Files below /usr are hard links: the disk, and the guest's page cache, hold them
# once. Packages replace files, never rewrite them, so the base stays as it was.
fork_tree() {
	mkdir "$work/$1"
	for entry in "$work"/base/* "$work"/base/.[!.]*; do
		case $entry in
		*/usr) cp -al "$entry" "$work/$1/" ;;
		*'/.[!.]*') ;;
		*) cp -a "$entry" "$work/$1/" ;;
		esac
	done
}

# enter NAME: what maintainer scripts expect to be mounted.
enter() {
	mount -t proc proc "$work/$1/proc"
	mount -t tmpfs -o mode=0755 tmpfs "$work/$1/dev"
	mkdir "$work/$1/dev/shm" "$work/$1/dev/pts"
	chmod 1777 "$work/$1/dev/shm"
	for device in null zero full random urandom tty; do
		: >"$work/$1/dev/$device"
		mount --bind "/dev/$device" "$work/$1/dev/$device"
	done
	ln -s /proc/self/fd "$work/$1/dev/fd"
}

leave() {
	umount -R "$work/$1/dev" "$work/$1/proc"
	find "$work/$1/dev" "$work/$1/run" "$work/$1/tmp" -mindepth 1 -delete
}

# install_into NAME PACKAGE,PACKAGE…: with the host's own apt, from the lists fetched for the base. Each tree has its
# own locks, so two may run at once.
install_into() {
	sed "s,\"$work/base,\"$work/$1,g" "$work/apt.conf" >"$work/$1.apt.conf"
	APT_CONFIG=$work/$1.apt.conf apt-get --yes --no-install-recommends -c "$work/apt-options" \
		-o Dir::State::Lists="$work/lists/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o DPkg::Chroot-Directory="$work/$1" -o APT::Sandbox::User=root -o Dpkg::Use-Pty=false -o Acquire::Languages=none \
		install $(echo "$2" | tr , ' ')
	rm -rf "$work/$1/var/cache/apt/archives"
	mkdir -p "$work/$1/var/cache/apt/archives/partial"
}

# What an installed tree does not need at run time.
tidy() {
	rm -rf "$work/$1"/var/log/* "$work/$1"/var/cache/debconf/*-old "$work/$1"/var/lib/dpkg/*-old \
		"$work/$1"/var/cache/ldconfig/* "$work/$1/etc/machine-id"
}
