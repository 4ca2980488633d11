#!/bin/sh
# Build deploy/Dockerfile and run it as compose.yaml does, on a machine without Docker.
#   sudo deploy/check_image.sh [amd64|arm64|armhf]
# Of Debian it needs: buildah runc debootstrap; for another kind of machine qemu-user-static
# and its entry in /proc/sys/fs/binfmt_misc. The base image is Debian with python3 instead of
# python:3.13-slim, so that no registry is asked.
set -eu
cd "$(dirname "$0")/.."
arch=${1:-$(dpkg --print-architecture)}
case $arch in
    amd64 | arm64) platform=linux/$arch ;;
    armhf) platform=linux/arm/v7 ;;
    *) echo "error: $arch is none of amd64, arm64, armhf" >&2 && exit 2 ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/packhorse-image.XXXXXX")
name=packhorse-$(basename "$work" | tr . -)

build() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
run() { runc --root "$work/runc" "$@"; }
clean() {
    run delete --force "$name" 2>/dev/null || true
    build rm --all >/dev/null 2>&1 || true
    rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

echo "base image for $platform"
root=${BASE_ROOT:-$work/root}
if [ -z "${BASE_ROOT:-}" ]; then
    debootstrap --arch="$arch" --variant=minbase --include=python3,python3-venv,ca-certificates \
        trixie "$root" >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2 && exit 1; }
fi
base=$(build from --platform "$platform" scratch)
build add --quiet "$base" "$root" / >/dev/null
# The certificates of this machine, which may be behind a proxy with one of its own.
build add --quiet "$base" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ >/dev/null
build run --isolation chroot "$base" ln -sf python3 /usr/bin/python
build config --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt "$base"
build commit --quiet --format docker "$base" docker.io/library/python:3.13-slim >/dev/null

echo "deploy/Dockerfile"
build bud --quiet --isolation chroot --pull-never --network host --format docker \
    --platform "$platform" --file deploy/Dockerfile --tag packhorse-relay . >/dev/null
container=$(build from --pull-never localhost/packhorse-relay)

echo "container: read-only, no capability, a user of its own"
mkdir "$work/bundle" "$work/state"
chown 65532:65532 "$work/state"
chmod 700 "$work/state"
rootfs=$(build mount "$container")
build inspect --type image localhost/packhorse-relay >"$work/image.json"
(cd "$work/bundle" && run spec)
health=$(python3 deploy/runtime_spec.py "$work/image.json" "$work/bundle/config.json" "$rootfs" "$work/state")
run run --detach --pid-file "$work/pid" --bundle "$work/bundle" "$name" >"$work/out" 2>&1 </dev/null
tries=60
until run exec "$name" sh -c "$health" 2>/dev/null; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { cat "$work/out" >&2 && echo "error: not healthy within a minute" >&2 && exit 1; }
    sleep 1
done
run exec "$name" packhorse ping --relay 127.0.0.1 --count 3
if run exec "$name" touch /opt/packhorse/x 2>/dev/null; then
    echo "error: the container can write to its root" >&2 && exit 1
fi
grep -E '^(VmRSS|CapEff|NoNewPrivs|Uid)' "/proc/$(cat "$work/pid")/status"
run kill "$name" TERM
echo "good: $platform"
