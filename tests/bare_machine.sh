#!/bin/sh
# tests/bare_machine.sh: the README's two commands on a machine that has nothing. Bootstraps a new Debian root (the
# release and sources of this machine) with python3 and git only, clones the committed project into it, and runs
# script/demo and script/test as root, then script/demo as an ordinary user with sudo. Needs root; takes minutes.
#
# All mounts live in a mount namespace of their own: they end with it, before anything is deleted.
set -eu
project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
started=$(date +%s)
say() { printf '\n#### %4s s  %s\n' "$(($(date +%s) - started))" "$1"; }

[ "$(id -u)" = 0 ] || { echo "bare_machine: must be run as root" >&2 && exit 1; }
command -v mmdebstrap >/dev/null || {
    apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap
} >/dev/null

bare=$(mktemp -d /var/tmp/custody-bare.XXXXXX)
cleanup() { rm -rf --one-file-system "$bare"; }
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

say "a new Debian root with python3 and git"
apt-config dump --no-empty --format '%f "%v";%n' Acquire |
    grep -E '^Acquire::(https?|Check-[A-Za-z-]+|Retries|AllowInsecureRepositories)\b' >"$bare/acquire.conf" || :
set --
for sources in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ ! -s "$sources" ] || set -- "$@" "$sources"
done
root=$bare/root
# shellcheck source=/dev/null
mmdebstrap --quiet --mode=root --variant=minbase --include=python3,git,ca-certificates \
    --aptopt="$bare/acquire.conf" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "$@"

# What this machine needs to reach its package registries, and nothing else of it.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$root/usr/local/share/ca-certificates/" \; 2>/dev/null || :
bundle=/etc/ssl/certs/ca-certificates.crt
{
    echo "export PIP_CERT=$bundle NODE_EXTRA_CA_CERTS=$bundle"
    env | grep -iE '^(https?|no|all)_proxy=' | sed "s/=\(.*\)/='\1'/; s/^/export /"
    for key in index-url proxy trusted-host timeout; do
        value=$(python3 -m pip config get "global.$key" 2>/dev/null) || continue
        echo "export PIP_$(echo "$key" | tr a-z- A-Z_)='$value'"
    done
    for key in registry proxy https-proxy; do
        value=$(npm config get "$key" 2>/dev/null) || continue
        [ "$value" = null ] || echo "export npm_config_$(echo "$key" | tr - _)='$value'"
    done
} >"$root/etc/reach.sh"
git clone --quiet --no-hardlinks "$project" "$root/root/custody"

cat >"$root/etc/trial.sh" <<'INSIDE'
set -eu
. /etc/reach.sh
update-ca-certificates >/dev/null 2>&1
case $1 in
root)
    cd /root/custody
    "script/$2"
    ;;
officer)
    apt-get remove -y libzbar0 gpg gpg-agent >/dev/null 2>&1
    apt-get install -y --no-install-recommends sudo >/dev/null 2>&1
    useradd --create-home --shell /bin/sh officer
    echo 'officer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/officer
    git clone --quiet /root/custody /home/officer/custody
    chown -R officer:officer /home/officer/custody
    su officer -c ". /etc/reach.sh && cd /home/officer && custody/script/$2 && custody/script/$2"
    ;;
esac
INSIDE

# shellcheck disable=SC2016 # expanded within the namespace
inside() {
    unshare --mount --propagation private --pid --fork --kill-child sh -euc '
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        exec chroot "$1" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root TERM=dumb \
            /bin/sh /etc/trial.sh "$2" "$3"' sh "$root" "$1" "$2" </dev/null
}
say "script/demo, as root"
inside root demo
say "script/test, as root"
inside root test
say "script/demo, as an ordinary user with sudo, twice"
inside officer demo
say "a bare machine gets to the demo and through the tests"
